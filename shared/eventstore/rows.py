"""Rows in and out of tables, a whole batch in one statement."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import driver_of


def to_json(value: Any) -> str:
    """JSON of rows (mappings or dataclasses); Decimal becomes its string."""
    return orjson.dumps(value, default=str).decode()


def table_of(model: type[Any]) -> Table:
    """The table behind a SQLModel class."""
    table: Table = model.__table__
    return table


async def fetch(conn: AsyncConnection, sql: str, *parameters: Any) -> list[Any]:
    """Run SQL with $1, $2, … by the driver itself; arrays and JSON texts are single parameters. All rows, as tuples."""
    return [tuple(row) for row in await driver_of(conn).fetch(sql, *parameters)]


def insert_sql(table: str, columns: Sequence[str], parameter: str) -> str:
    """INSERT of a JSON array of rows."""
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} AS stored ({names}) SELECT {names}"
        f" FROM jsonb_populate_recordset(null::{table}, {parameter}::jsonb)"
    )


@cache
def upsert_sql(table: Table, guard: str, parameter: str = "$1") -> str:
    """INSERT of a JSON array of rows that replaces a stored row where `guard` holds; returns the keys that changed."""
    columns = [column.name for column in table.columns if column.identity is None and column.computed is None]
    keys = [column.name for column in table.primary_key.columns]
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    action = f"DO UPDATE SET {changes}" + (f" WHERE {guard}" if guard else "") if changes else "DO NOTHING"
    return (
        f"{insert_sql(table.name, columns, parameter)} ON CONFLICT ({', '.join(keys)}) {action}"
        f" RETURNING {', '.join('stored.' + key for key in keys)}"
    )


async def upsert(
    conn: AsyncConnection, model: type[Any], rows: Sequence[Mapping[str, Any]], *, newer: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Write `rows` (all columns given, one row per key); with `newer` only over rows that are older by these columns.

    Returns the primary keys of the rows that were written.
    """
    if not rows:
        return []
    left, right = ", ".join(f"stored.{c}" for c in newer), ", ".join(f"excluded.{c}" for c in newer)
    guard = f"({left}) < ({right})" if newer else ""
    return [tuple(row) for row in await fetch(conn, upsert_sql(table_of(model), guard), to_json(list(rows)))]
