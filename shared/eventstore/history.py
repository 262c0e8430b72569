"""Streams read whole and folded; for republish, rebuild and prove in keyset pages, never by a position counter."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database
from shared.eventstore.decider import Recorded, Slice
from shared.eventstore.rows import fetch

PAGE = 500
_EVER = datetime(1, 1, 2, tzinfo=UTC)

#: The columns of an event: where it stands, then what it is.
COLUMNS = ("instansi", "stream", "version", "occurred_at", "recorded_at", "meta", "type", "schema", "data")
SELECT = ", ".join(f"e.{column}" for column in COLUMNS)

_PAGE = """
SELECT DISTINCT instansi, stream FROM events
WHERE type LIKE $1 AND (instansi, stream) > ($2, $3) AND ($4::text IS NULL OR instansi = $4) AND recorded_at >= $5
ORDER BY instansi, stream LIMIT $6
"""
_EVENTS = f"""
SELECT {SELECT} FROM unnest($1::text[], $2::uuid[]) AS k(instansi, stream)
JOIN events e USING (instansi, stream) ORDER BY e.instansi, e.stream, e.version
"""


class Step(NamedTuple):
    """One event of a stream, the state after it, and where it stands."""

    event: Any
    state: Any
    at: Recorded


async def pages(
    db: Database, slice_: Slice[Any, Any, Any], instansi: str | None = None, since: datetime | None = None
) -> AsyncIterator[list[tuple[str, UUID]]]:
    """The keys of a slice's streams, page by page; with `since` only those with an event recorded from then on."""
    after: tuple[str, UUID] = ("", UUID(int=0))
    while True:
        async with db.transaction() as conn:
            found = await fetch(conn, _PAGE, f"{slice_.name}.%", *after, instansi, since or _EVER, PAGE)
        if not found:
            return
        yield [(row[0], row[1]) for row in found]
        after = (found[-1][0], found[-1][1])


async def stories(
    conn: AsyncConnection, slice_: Slice[Any, Any, Any], keys: Sequence[tuple[str, UUID]]
) -> list[list[Step]]:
    """The streams of `keys` that exist, each with all its steps."""
    rows = await fetch(conn, _EVENTS, [instansi for instansi, _ in keys], [stream for _, stream in keys])
    return fold(slice_, rows)


def fold(slice_: Slice[Any, Any, Any], rows: Iterable[Sequence[Any]]) -> list[list[Step]]:
    """The steps of each stream in `rows`, which begin with COLUMNS and come in order of stream and version."""
    found: dict[tuple[str, UUID], list[Step]] = {}
    for row in rows:
        at, event = Recorded(*row[:6]), slice_.events.load(*row[6:9])
        steps = found.setdefault((at.instansi, at.stream), [])
        before = steps[-1].state if steps else slice_.decider.initial
        steps.append(Step(event, slice_.decider.evolve(before, event), at))
    return list(found.values())
