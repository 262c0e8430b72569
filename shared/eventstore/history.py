"""Reading whole streams for republish, rebuild and prove: keyset pages, short transactions, never a position counter."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database
from shared.eventstore.decider import Recorded, Slice
from shared.eventstore.execute import recorded
from shared.eventstore.rows import fetch

PAGE = 500
_NIL = UUID(int=0)

_PAGE = """
SELECT instansi, stream FROM events
WHERE version = 1 AND type LIKE $1 AND (instansi, stream) > ($2, $3) AND ($4::text IS NULL OR instansi = $4)
  AND ($5::timestamptz IS NULL OR EXISTS (
    SELECT FROM events later WHERE later.instansi = events.instansi AND later.stream = events.stream
      AND later.recorded_at >= $5))
ORDER BY instansi, stream LIMIT $6
"""
_EVENTS = """
SELECT e.stream, e.version, e.type, e.schema, e.data, e.meta, e.occurred_at, e.recorded_at, e.instansi
FROM unnest($1::text[], $2::uuid[]) AS k(instansi, stream)
JOIN events e USING (instansi, stream) ORDER BY e.instansi, e.stream, e.version
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a stream and the state after it."""

    event: Any
    state: Any
    at: Recorded


@dataclass(frozen=True, slots=True)
class Story:
    """One whole stream."""

    instansi: str
    stream: UUID
    steps: list[Step]

    @property
    def last(self) -> Step:
        """The newest event and state."""
        return self.steps[-1]


async def pages(
    db: Database, slice_: Slice[Any, Any, Any], instansi: str | None = None, since: datetime | None = None
) -> AsyncIterator[list[tuple[str, UUID]]]:
    """The keys of a slice's streams, page by page; with `since` only those with a later event."""
    after: tuple[str, UUID] = ("", _NIL)
    while True:
        async with db.transaction() as conn:
            found = await fetch(conn, _PAGE, f"{slice_.name}.%", *after, instansi, since, PAGE)
            keys = [(row[0], row[1]) for row in found]
        if not keys:
            return
        yield keys
        after = keys[-1]


async def stories(conn: AsyncConnection, slice_: Slice[Any, Any, Any], keys: Sequence[tuple[str, UUID]]) -> list[Story]:
    """The streams of one page, folded."""
    found: dict[tuple[str, UUID], Story] = {}
    for row in await fetch(conn, _EVENTS, [key[0] for key in keys], [key[1] for key in keys]):
        story = found.setdefault((row[8], row[0]), Story(row[8], row[0], []))
        state = story.last.state if story.steps else slice_.decider.initial
        event = slice_.events.load(row[2], row[3], row[4])
        story.steps.append(Step(event, slice_.decider.evolve(state, event), recorded(row[8], row)))
    return list(found.values())
