"""Units and positions as people read them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.reading import dicts

_UNITS = """
SELECT u.id, u.code, u.name, u.parent, u.head_position, u.last_day, (
    SELECT a.employee FROM heard_assignment a
    WHERE a.instansi = u.instansi AND a.unit = u.id AND a.position = u.head_position AND NOT a.void
      AND $2::date BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
    ORDER BY a.kind, a.valid_from DESC LIMIT 1) AS head
FROM units u
WHERE u.instansi = $1 AND ($3::uuid IS NULL OR u.parent = $3) AND ($4::text IS NULL OR u.code = $4) AND u.code > $5
ORDER BY u.code LIMIT $6
"""
_POSITIONS = """
SELECT id, code, title, kind, level, requires FROM positions
WHERE instansi = $1 AND ($2::text IS NULL OR code = $2) AND code > $3 ORDER BY code LIMIT $4
"""


async def units(
    conn: AsyncConnection, instansi: str, day: date, parent: UUID | None, code: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Units by code, with whoever heads them on `day` (the definitive holder before an acting one)."""
    return await dicts(conn, _UNITS, instansi, day, parent, code, after, limit)


async def positions(
    conn: AsyncConnection, instansi: str, code: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Positions by code."""
    return await dicts(conn, _POSITIONS, instansi, code, after, limit)
