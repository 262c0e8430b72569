"""Streams read whole and folded; for republish, rebuild and prove in keyset pages, never by a position counter."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
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
# One row a stream, its events as one text of JSON: a tenth of what rows of an event each cost to take over.
_STREAMS = """
SELECT instansi, stream, '[' || string_agg('["' || type || '",' || schema || ',' || data || ',' || version || ',"'
    || (occurred_at AT TIME ZONE 'UTC') || '","' || (recorded_at AT TIME ZONE 'UTC') || '",' || meta || ']', ',' ORDER BY version) || ']'
FROM events WHERE type LIKE $1 AND {behind} GROUP BY instansi, stream
HAVING min(recorded_at) < $4 ORDER BY instansi, stream LIMIT $5
"""
#: Pages come by the primary key: a planner that takes the rest for small would sort all of it for each page.
_BY_KEY = {"enable_sort": "off", "enable_hashagg": "off", "enable_seqscan": "off", "jit": "off", "datestyle": "ISO"}


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


@asynccontextmanager
async def connection(db: Database, **settings: str) -> AsyncIterator[Any]:
    """A connection outside the pool, on which statements are transactions of their own."""
    conn = await asyncpg.connect(db.driver_url(), timeout=5, command_timeout=60, server_settings=settings)
    try:
        yield conn
    finally:
        await conn.close(timeout=2)


async def streams(
    db: Database, slice_: Slice[Any, Any, Any], instansi: str | None = None
) -> AsyncIterator[list["Stream"]]:
    """Every stream of a slice, whole, page by page; the next page is on its way while the caller works on one.

    Those begun after this was called are left out: whoever follows those that write would never end.
    """
    behind = "(instansi, stream) > ($2, $3)" if instansi is None else "instansi = $2 AND stream > $3"
    after: tuple[str, UUID] = (instansi or "", UUID(int=0))
    async with connection(db, **_BY_KEY) as conn:
        began = await conn.fetchval("SELECT now()")
        coming = _page(conn, behind, slice_, after, began)
        try:
            while rows := await coming:
                after = rows[-1][0], rows[-1][1]
                coming = _page(conn, behind, slice_, after, began)
                await asyncio.sleep(0)  # now it is sent
                yield [Stream(slice_, *row) for row in rows]
        finally:
            coming.cancel()


def _page(
    conn: Any, behind: str, slice_: Slice[Any, Any, Any], after: tuple[str, UUID], began: datetime
) -> asyncio.Task[list[Any]]:
    return asyncio.create_task(conn.fetch(_STREAMS.format(behind=behind), f"{slice_.name}.%", *after, began, PAGE))


class Stream(NamedTuple):
    """One stream as it is stored."""

    slice: Slice[Any, Any, Any]
    instansi: str
    id: UUID
    events: str

    def end(self) -> tuple[Any, Recorded]:
        """The newest state, and where its event stands."""
        load, evolve, state = self.slice.events.load, self.slice.decider.evolve, self.slice.decider.initial
        events = orjson.loads(self.events)
        for event in events:
            state = evolve(state, load(*event[:3]))
        return state, self._at(*events[-1][3:])

    def steps(self) -> Iterator[Step]:
        """Every event with the state after it."""
        state = self.slice.decider.initial
        for name, schema, data, *at in orjson.loads(self.events):
            event = self.slice.events.load(name, schema, data)
            state = self.slice.decider.evolve(state, event)
            yield Step(event, state, self._at(*at))

    def _at(self, version: int, occurred_at: str, recorded_at: str, meta: Any) -> Recorded:
        occurred, recorded = (datetime.fromisoformat(said + "+00:00") for said in (occurred_at, recorded_at))
        return Recorded(self.instansi, self.id, version, occurred, recorded, meta)
