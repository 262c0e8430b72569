"""Facts that count for nobody yet: their person is not known, or holds no post in the period. They wait, and are listed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from shared.eventstore.rows import fetch
from shared.web.auth import Caller, requires
from shared.web.edge import DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["reviews"])

Overseer = Annotated[Caller, Depends(requires("hr", "auditor", "system"))]

_SHOWN = ("employee", "period", "facts", "reason")
_UNPLACED = """
SELECT f.employee, f.period, count(*), CASE WHEN e.id IS NULL THEN 'unknown-employee' ELSE 'no-post-in-period' END
FROM (
    SELECT employee, period FROM heard_entry WHERE instansi = $1 AND status <> 'withdrawn'
    UNION ALL SELECT officer, period FROM heard_service_record WHERE instansi = $1 AND period IS NOT NULL
) f LEFT JOIN heard_employee e ON e.instansi = $1 AND e.id = f.employee
WHERE NOT EXISTS (SELECT FROM review r WHERE r.instansi = $1 AND r.employee = f.employee AND r.period = f.period AND r.expected)
  AND ($2::uuid IS NULL OR (f.employee, f.period) > ($2, $3))
GROUP BY f.employee, f.period, e.id ORDER BY f.employee, f.period LIMIT $4
"""


@router.get("/unplaced-facts")
async def unplaced(caller: Overseer, db: DbDep, paging: PagingDep) -> Page[dict[str, Any]]:
    """How many entries and service records wait, by person and period, and for what."""
    after = paging.after(UUID, str) or (None, None)
    async with db.transaction(caller.instansi) as conn:
        rows = await fetch(conn, _UNPLACED, caller.instansi, *after, paging.limit + 1)
    shown = [dict(zip(_SHOWN, row, strict=True)) for row in rows]
    return paging.page(shown, lambda each: (each["employee"], each["period"]))
