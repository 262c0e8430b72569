"""Assignments as they are read."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.reading import dicts
from services.directory.rules.records import Assignment
from services.directory.store import assignment
from shared.eventstore.rows import fetch

_COLUMNS = (
    "a.id, a.version, a.employee, a.unit, a.position, a.superior, a.kind, a.valid_from, a.valid_to, a.void,"
    " a.recorded_at, a.recorded_by"
)


async def assignments(
    conn: AsyncConnection, instansi: str, employee: UUID, *, all_versions: bool = False
) -> list[dict[str, Any]]:
    """A person's assignments by first day, as known now or in every version recorded."""
    table = "assignments" if all_versions else "heard_assignment"
    sql = (
        f"SELECT {_COLUMNS} FROM {table} a WHERE a.instansi = $1 AND a.employee = $2"
        " ORDER BY a.valid_from, a.id, a.version LIMIT 1000"
    )
    return await dicts(conn, sql, instansi, employee)


async def assignment_of(conn: AsyncConnection, instansi: str, id: UUID) -> Assignment | None:
    """The newest version of one assignment; None when there is none."""
    sql = """
        SELECT id, employee, unit, position, superior, kind, valid_from, valid_to, void, version
        FROM heard_assignment WHERE instansi = $1 AND id = $2
    """
    rows = await fetch(conn, sql, instansi, id)
    return assignment(rows[0]) if rows else None
