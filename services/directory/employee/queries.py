"""People as they are read, and how they are reached."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.reading import dicts
from shared.eventstore.rows import fetch

_EMPLOYEES = """
SELECT e.id, e.kind, e.nip, e.name, e.email, e.phone, e.language, e.active, a.unit, a.position, a.superior,
       coalesce((SELECT jsonb_object_agg(o.system, o.outside) FROM outside_ids o
                 WHERE o.instansi = e.instansi AND o.employee = e.id), '{}') AS outside
FROM employees e LEFT JOIN LATERAL (
    SELECT h.unit, h.position, h.superior FROM heard_assignment h
    WHERE h.instansi = e.instansi AND h.employee = e.id AND NOT h.void
      AND $2::date BETWEEN h.valid_from AND coalesce(h.valid_to, 'infinity')
    ORDER BY h.kind = 'definitif' DESC, h.valid_from DESC, h.id DESC LIMIT 1) a ON true
WHERE e.instansi = $1 AND ($3::uuid[] IS NULL OR e.id = ANY($3)) AND ($4::uuid[] IS NULL OR a.unit = ANY($4))
  AND ($5::text IS NULL OR strpos(lower(e.name), lower($5)) > 0 OR starts_with(e.nip, $5)) AND e.id > $6
ORDER BY e.id LIMIT $7
"""
#: For as long as the superior of a period that is being closed still has to judge it.
_FORMER_REPORTS_SEEN = timedelta(days=92)
_NIL = UUID(int=0)
#: What a person is called whose name was erased.
NOBODY = "(data dihapus)"


async def employees(
    conn: AsyncConnection,
    instansi: str,
    day: date,
    ids: Collection[UUID] | None,
    *,
    units: Collection[UUID] | None = None,
    q: str | None = None,
    after: UUID = _NIL,
    limit: int = 500,
) -> list[dict[str, Any]]:
    """People by id with their place on `day`: those of `ids` (None: all), in `units`, whose name or NIP fits `q`."""
    wanted = None if ids is None else list(ids)
    within = None if units is None else list(units)
    return await dicts(conn, _EMPLOYEES, instansi, day, wanted, within, q, after, limit)


async def names(conn: AsyncConnection, instansi: str, ids: Collection[UUID]) -> list[dict[str, Any]]:
    """What these people are called."""
    sql = "SELECT id, name FROM employees WHERE instansi = $1 AND id = ANY($2::uuid[]) ORDER BY id"
    return await dicts(conn, sql, instansi, list(ids))


async def former_reports(conn: AsyncConnection, instansi: str, superior: UUID, day: date) -> set[UUID]:
    """Those who reported to `superior` until lately: their last period may still wait to be judged."""
    sql = """
        SELECT DISTINCT employee FROM heard_assignment
        WHERE instansi = $1 AND superior = $2 AND NOT void AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $4)
    """
    return {row[0] for row in await fetch(conn, sql, instansi, superior, day, day - _FORMER_REPORTS_SEEN)}


async def erase(conn: AsyncConnection, instansi: str, employee: UUID, who: str) -> bool:
    """Forget what a person is called, here and in other systems, and how they are reached; False when it was done before."""
    sql = """
        UPDATE employees SET name = $4, nip = NULL, email = NULL, phone = NULL, changed_at = now(), changed_by = $3
        WHERE instansi = $1 AND id = $2 AND (name <> $4 OR nip IS NOT NULL OR email IS NOT NULL OR phone IS NOT NULL)
        RETURNING 1
    """
    forget = "DELETE FROM outside_ids WHERE instansi = $1 AND employee = $2 RETURNING 1"
    named = await fetch(conn, sql, instansi, employee, who, NOBODY)
    return bool([*named, *await fetch(conn, forget, instansi, employee)])


async def change_contact(conn: AsyncConnection, instansi: str, employee: UUID, said: dict[str, Any], who: str) -> None:
    """Change the e-mail, phone or language that are said; others learn nothing of it."""
    changes = ", ".join(f"{column} = ${place}" for place, column in enumerate(sorted(said), 4))
    if changes:
        sql = f"UPDATE employees SET {changes}, changed_at = now(), changed_by = $3 WHERE instansi = $1 AND id = $2 RETURNING 1"
        await fetch(conn, sql, instansi, employee, who, *(said[column] for column in sorted(said)))
