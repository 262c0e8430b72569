"""Rebuild read models in place beside live writes, and prove that they equal the record."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from shared.contracts.base import Message
from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Recorded, Slice
from shared.eventstore.history import PAGE, Stream, connection, stories, streams
from shared.eventstore.outbox import parcel
from shared.eventstore.registry import UnknownEvent
from shared.eventstore.rows import fetch, table_of, to_json, upsert_sql

#: Seconds in which a relay at work sends what waits.
PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the record says."""

    where: str
    what: str


async def rebuild(db: Database, slice_: Slice[Any, Any, Any], instansi: str | None = None) -> tuple[int, int]:
    """Write the rows of a slice anew where they are not as its streams say; returns (rows written, orphans removed).

    Orphans go first: what is created meanwhile has its stream. While one page is written the next is folded and the one
    behind it read. Raises UnknownEvent at the end when streams were left alone, to which a newer version wrote.
    """
    if slice_.table is None or slice_.row is None:
        return 0, 0
    table = table_of(slice_.table)
    sql = upsert_sql(table, f"stored.version <= excluded.version AND {_differ(table, 'stored', 'excluded')}")
    async with connection(db) as conn:
        gone = await conn.fetch(f"DELETE FROM {table.name} t WHERE {_orphan(slice_)} RETURNING 1", instansi)
        written, newer, writing = 0, 0, asyncio.create_task(conn.fetch("SELECT 1 WHERE false"))
        async for page in streams(db, slice_, instansi):
            rows = [slice_.row(*end) for stream in page if (end := _end(stream)) is not None]
            newer += len(page) - len(rows)
            written += len(await writing)
            writing = asyncio.create_task(conn.fetch(sql, to_json(rows)))
            await asyncio.sleep(0)  # now it is sent
        written += len(await writing)
    if newer:
        raise UnknownEvent(
            f"{slice_.name}: {newer} streams are of a newer version and were left alone; rebuild with that"
        )
    return written, len(gone)


def _end(stream: Stream) -> tuple[Any, Recorded] | None:
    try:
        return stream.end()
    except UnknownEvent:
        return None


def _differ(table: Table, one: str, other: str) -> str:
    """Whether two rows differ in what this version knows of them: the next one may have added columns already."""
    names = [column.name for column in table.columns]
    left, right = (", ".join(f"{row}.{name}" for name in names) for row in (one, other))
    return f"({left}) IS DISTINCT FROM ({right})"


async def prove(
    db: Database, slices: Sequence[Slice[Any, Any, Any]], instansi: str | None = None, *, patience: float = PATIENCE
) -> list[Difference]:
    """What is not as the record says, told after a second look: the service may be at work.

    Gaps in versions, events that do not fold or make no message, rows that differ from a rebuild or have no stream,
    published states without their type, and messages that do not leave within `patience` seconds.
    """
    found = await _versions(db, instansi)
    for slice_ in slices:
        found += await _streams(db, slice_, instansi)
    return found + await _states(db, instansi) + await _outbox(db, patience)


async def _versions(db: Database, instansi: str | None) -> list[Difference]:
    async with db.transaction() as conn:
        rows = await fetch(
            conn,
            "SELECT instansi, stream, count(*), min(version), max(version) FROM events"
            " WHERE ($1::text IS NULL OR instansi = $1) GROUP BY 1, 2"
            " HAVING count(*) <> max(version) OR min(version) <> 1",
            instansi,
        )
        return [
            Difference(f"events {row[0]}/{row[1]}", f"{row[2]} events, versions {row[3]} to {row[4]}") for row in rows
        ]


async def _streams(db: Database, slice_: Slice[Any, Any, Any], instansi: str | None) -> list[Difference]:
    found = []
    async for page in streams(db, slice_, instansi):
        sound = []
        for stream in page:
            try:
                sound.append(_end_of_published(stream))
            except Exception as error:  # noqa: BLE001 - whatever stored events do to the program is what is looked for
                found.append(Difference(f"{slice_.name} {stream.instansi}/{stream.id}", f"cannot be told: {error!r}"))
        if slice_.table is not None and slice_.row is not None and sound:
            found += await _rows(db, slice_, [slice_.row(state, at) for state, at in sound])
    if slice_.table is None:
        return found
    table = table_of(slice_.table)
    async with db.transaction() as conn:
        orphans = await fetch(conn, f"SELECT {_key(slice_)} FROM {table.name} t WHERE {_orphan(slice_)}", instansi)
    return found + _differences(table.name, orphans, "has no stream")


def _end_of_published(stream: Stream) -> tuple[Any, Recorded]:
    """The stream's end, after its messages were made as republish makes them."""
    if stream.slice.publish is None:
        return stream.end()
    for step in stream.steps():
        for message in stream.slice.told(step.event, step.state, step.at):
            parcel(message, step.at, 1)
    return step.state, step.at


async def _rows(db: Database, slice_: Slice[Any, Any, Any], rows: list[Any]) -> list[Difference]:
    """Rows that differ; looked at again, together with their streams as they are at one moment."""
    assert slice_.table is not None, "asked for slices with rows only"
    table = table_of(slice_.table)
    same = " AND ".join(f"want.{column.name} = have.{column.name}" for column in table.primary_key.columns)
    sql = (
        f"SELECT want.instansi, want.{_id(slice_)} FROM jsonb_populate_recordset(null::{table.name}, $1::jsonb) want"
        f" LEFT JOIN {table.name} have ON {same} WHERE {_differ(table, 'want', 'have')}"
    )
    async with db.transaction() as conn:
        keys = await fetch(conn, sql, to_json(rows))
    if not keys:
        return []
    async with db.transaction() as conn:
        await fetch(conn, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = [steps[-1] for steps in await stories(conn, slice_, keys)]
        rows = [slice_.row(step.state, step.at) for step in found if slice_.row]
        return _differences(table.name, await fetch(conn, sql, to_json(rows)), "differs from a rebuild")


_STATES = """
SELECT instansi, source, version, occurred_at, changed_at, meta, type, content FROM published
WHERE (instansi, source) > ($1, $2) AND ($3::text IS NULL OR instansi = $3) ORDER BY instansi, source LIMIT $4
"""


async def _states(db: Database, instansi: str | None) -> list[Difference]:
    types = {message.full_type(): message for message in Message.every()}
    found: list[Difference] = []
    after: tuple[str, UUID] = ("", UUID(int=0))
    while True:
        async with db.transaction() as conn:
            rows = await fetch(conn, _STATES, *after, instansi, PAGE)
        if not rows:
            return found
        for row in rows:
            try:
                parcel(types[row[6]].model_validate(row[7]), Recorded(*row[:6]), 1)
            except (KeyError, ValueError, Refusal) as error:
                found.append(Difference(f"published {row[0]}/{row[1]}", f"cannot be told: {error!r}"))
        after = (rows[-1][0], rows[-1][1])


async def _outbox(db: Database, patience: float) -> list[Difference]:
    """What waits now has left soon, where a relay is at work."""
    waits = "SELECT count(*) FILTER (WHERE parked_at IS NULL), count(parked_at), max(id) FROM outbox WHERE id <= $1"
    newest, end = 2**63 - 1, asyncio.get_running_loop().time() + patience
    while True:
        async with db.transaction() as conn:
            [(waiting, parked, last)] = await fetch(conn, waits, newest)
        if not waiting or asyncio.get_running_loop().time() > end:
            break
        newest = min(newest, last)
        await asyncio.sleep(0.2)
    found = [(waiting, "wait for the relay"), (parked, "are parked after refusals")]
    return [Difference("outbox", f"{count} messages {what}") for count, what in found if count]


def _differences(table: str, keys: list[Any], what: str) -> list[Difference]:
    return [Difference(f"{table} {'/'.join(str(part) for part in key)}", what) for key in keys]


def _key(slice_: Slice[Any, Any, Any]) -> str:
    return ", ".join(column.name for column in table_of(slice_.table).primary_key.columns) if slice_.table else ""


def _id(slice_: Slice[Any, Any, Any]) -> str:
    """The last column of a row's key is the id of its stream."""
    return _key(slice_).rsplit(", ", 1)[-1]


def _orphan(slice_: Slice[Any, Any, Any]) -> str:
    """A row of the slice without a stream."""
    return (
        "($1::text IS NULL OR t.instansi = $1)"
        f" AND NOT EXISTS (SELECT FROM events e WHERE e.instansi = t.instansi AND e.stream = t.{_id(slice_)})"
    )
