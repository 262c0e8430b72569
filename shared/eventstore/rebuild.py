"""Rebuild read models in place beside live writes, and prove that they equal the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from shared.eventstore.database import Database
from shared.eventstore.decider import Slice
from shared.eventstore.history import pages, stories
from shared.eventstore.rows import fetch, table_of, to_json, upsert_sql


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the record says."""

    where: str
    what: str


async def rebuild(db: Database, slice_: Slice[Any, Any, Any], instansi: str | None = None) -> tuple[int, int]:
    """Write the rows of a slice anew from its streams; returns (rows written, orphans removed)."""
    if slice_.table is None or slice_.row is None:
        return 0, 0
    table, written = table_of(slice_.table), 0
    sql = upsert_sql(table, "stored.version <= excluded.version")
    async for keys in pages(db, slice_, instansi):
        async with db.transaction() as conn:
            rows = [slice_.row(steps[-1].state, steps[-1].at) for steps in await stories(conn, slice_, keys)]
            written += len(await fetch(conn, sql, to_json(rows)))
    async with db.transaction() as conn:
        gone = await conn.exec_driver_sql(
            f"DELETE FROM {table.name} t WHERE {_orphan(slice_)} RETURNING 1", (instansi,)
        )
        return written, len(gone.fetchall())


async def prove(db: Database, slices: Sequence[Slice[Any, Any, Any]], instansi: str | None = None) -> list[Difference]:
    """What is not as the record says: gaps in versions, rows that differ from a rebuild, orphans, unsent messages."""
    found = await _versions(db, instansi)
    for slice_ in slices:
        found += await _rows(db, slice_, instansi)
    async with db.transaction() as conn:
        waiting, parked = (
            await conn.execute(
                text("SELECT count(*) FILTER (WHERE parked_at IS NULL), count(parked_at) FROM outbox"),
            )
        ).one()
    if waiting:
        found.append(Difference("outbox", f"{waiting} messages wait for the relay"))
    if parked:
        found.append(Difference("outbox", f"{parked} messages are parked after refusals"))
    return found


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


async def _rows(db: Database, slice_: Slice[Any, Any, Any], instansi: str | None) -> list[Difference]:
    if slice_.table is None or slice_.row is None:
        return []
    table, found = table_of(slice_.table), []
    key = [column.name for column in table.primary_key.columns]
    same = " AND ".join(f"want.{name} = have.{name}" for name in key)
    sql = (
        f"SELECT want.{', want.'.join(key)} FROM jsonb_populate_recordset(null::{table.name}, $1::jsonb) want"
        f" LEFT JOIN {table.name} have ON {same} WHERE to_jsonb(want) IS DISTINCT FROM to_jsonb(have)"
    )
    async for keys in pages(db, slice_, instansi):
        async with db.transaction() as conn:
            await conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            rows = [slice_.row(steps[-1].state, steps[-1].at) for steps in await stories(conn, slice_, keys)]
            found += _differences(table.name, await fetch(conn, sql, to_json(rows)), "differs from a rebuild")
    async with db.transaction() as conn:
        orphans = await fetch(conn, f"SELECT {', '.join(key)} FROM {table.name} t WHERE {_orphan(slice_)}", instansi)
    return found + _differences(table.name, orphans, "has no stream")


def _differences(table: str, keys: list[Any], what: str) -> list[Difference]:
    return [Difference(f"{table} {'/'.join(str(part) for part in key)}", what) for key in keys]


def _orphan(slice_: Slice[Any, Any, Any]) -> str:
    """A row of the slice without a stream; the last column of the key is the stream's id."""
    key = [column.name for column in table_of(slice_.table).primary_key.columns][-1] if slice_.table else "id"
    return (
        "($1::text IS NULL OR t.instansi = $1)"
        f" AND NOT EXISTS (SELECT FROM events e WHERE e.instansi = t.instansi AND e.stream = t.{key})"
    )
