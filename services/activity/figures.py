"""What an officer did in a period, counted from rows: entries, services completed, on time, and how long they took."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.activity.reading import people_readable
from shared.contracts.base import Amount
from shared.eventstore.rows import fetch
from shared.web.auth import CallerDep
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["figures"])

_FIGURES = """
WITH done AS (
    SELECT employee, period, count(*) FILTER (WHERE status <> 'withdrawn') AS entries,
           count(*) FILTER (WHERE status IN ('verified', 'imported')) AS counted
    FROM entry WHERE instansi = $1 AND ($2::uuid[] IS NULL OR employee = ANY($2)) AND ($3::text IS NULL OR period = $3)
    GROUP BY employee, period
), served AS (
    SELECT officer AS employee, period, count(*) AS ended, count(on_time) AS with_due, count(*) FILTER (WHERE on_time) AS on_time,
           avg(extract(epoch FROM completed - started)) AS seconds
    FROM service_record
    WHERE instansi = $1 AND period IS NOT NULL AND ($2::uuid[] IS NULL OR officer = ANY($2)) AND ($3::text IS NULL OR period = $3)
    GROUP BY officer, period
)
SELECT employee, period, coalesce(entries, 0), coalesce(counted, 0), coalesce(ended, 0), coalesce(with_due, 0),
       coalesce(on_time, 0), round(100.0 * on_time / nullif(with_due, 0), 2), round(seconds, 3)
FROM done FULL JOIN served USING (employee, period)
WHERE $4::uuid IS NULL OR (employee, period) > ($4, $5)
ORDER BY employee, period LIMIT $6
"""


class Figures(BaseModel):
    """`entries` without withdrawn ones, `counted` those verified or imported; `ended` services completed, of which
    `with_due` had a due time and `on_time` met it; the share in percent and the mean in seconds, None without any."""

    employee: UUID
    period: str
    entries: int
    counted: int
    ended: int
    with_due: int
    on_time: int
    on_time_percent: Amount | None
    mean_seconds: Amount | None


@router.get("/figures")
async def figures(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    employee: UUID | None = None,
    period: Annotated[str | None, Query(max_length=7)] = None,
) -> Page[Figures]:
    """Figures by officer and period (oneself unless named; hr, auditor and system may leave it out)."""
    after = paging.after(UUID, str) or (None, None)
    async with db.transaction(caller.instansi) as conn:
        people = await people_readable(conn, caller, employee, context.now)
        rows = await fetch(conn, _FIGURES, caller.instansi, people, period, *after, paging.limit + 1)
    found = [Figures(**dict(zip(Figures.model_fields, row, strict=True))) for row in rows]
    return paging.page(found, lambda figure: (figure.employee, figure.period))
