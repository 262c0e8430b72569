"""Which reviews there are to be: everybody's of the current period, and those a new plan is about."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.competency.gaps import recompute_gaps
from services.appraisal.locks import hold
from services.appraisal.reaction import own_motion
from services.appraisal.review.recompute import Cause, recompute
from shared.calendar import Period
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.people.queries import instansi_rules

AT_ONCE = 200
_UNOPENED = """
SELECT DISTINCT a.employee FROM heard_assignment a
JOIN heard_employee e ON e.instansi = a.instansi AND e.id = a.employee AND e.kind <> 'NON_ASN'
WHERE a.instansi = $1 AND NOT a.void AND a.kind = 'definitif' AND a.valid_from <= $4
  AND (a.valid_to IS NULL OR a.valid_to >= $3)
  AND NOT EXISTS (SELECT FROM review r WHERE r.instansi = $1 AND r.employee = a.employee AND r.period = $2 AND r.listed)
ORDER BY 1 LIMIT $5
"""
# A post that began or ended since the gaps were judged changes what is required.
_MOVED = """
SELECT p.employee FROM person p LEFT JOIN LATERAL (
    SELECT a.position FROM heard_assignment a
    JOIN heard_employee e ON e.instansi = a.instansi AND e.id = a.employee AND e.active AND e.kind <> 'NON_ASN'
    WHERE a.instansi = p.instansi AND a.employee = p.employee AND NOT a.void AND a.kind = 'definitif'
      AND a.valid_from <= $2 AND (a.valid_to IS NULL OR a.valid_to >= $2)
    ORDER BY a.valid_from DESC, a.id DESC LIMIT 1
) now ON true
WHERE p.instansi = $1 AND p.position IS DISTINCT FROM now.position ORDER BY 1 LIMIT $3
"""
_OF_YEARS = """
SELECT r.employee, r.period FROM unnest($2::uuid[], $3::text[]) AS k(employee, year)
JOIN review r ON r.instansi = $1 AND r.employee = k.employee AND r.period LIKE k.year || '-%'
"""


async def recompute_year(conn: AsyncConnection, context: Context, plans: Collection[tuple[UUID, int]]) -> None:
    """Compute the reviews of these employees and years again, after their plans changed."""
    people, years = [employee for employee, _ in plans], [str(year) for _, year in plans]
    await hold(conn, context.instansi, people)
    keys = await fetch(conn, _OF_YEARS, context.instansi, people, years)
    cause = Cause("plan", None, context.origin == "import")
    await recompute(conn, context, {(row[0], row[1]): cause for row in keys})


async def open_everybody(conn: AsyncConnection, context: Context, period: Period) -> int:
    """Open reviews of `period` for some of the assigned who have none yet; 0 when everybody has one."""
    days = period.first_day, period.last_day
    people = [row[0] for row in await fetch(conn, _UNOPENED, context.instansi, str(period), *days, AT_ONCE)]
    cause = Cause("period", None)
    await recompute(conn, context, {(employee, str(period)): cause for employee in people}, listed=True)
    return len(people)


async def at_each_day(db: Database) -> None:
    """Job: everybody's review of the current period is open, and gaps are judged by the posts held today."""
    async with db.transaction() as conn:
        codes = [
            row[0] for row in await fetch(conn, "SELECT instansi FROM heard_instansi WHERE NOT suspended ORDER BY 1")
        ]
    for code in codes:
        while await db.run(lambda conn, code=code: _catch_up(conn, code)):  # type: ignore[misc]
            pass


async def _catch_up(conn: AsyncConnection, instansi: str) -> int:
    rules = await instansi_rules(conn, instansi)
    if rules is None:
        return 0
    context = await own_motion(conn, instansi, "period")
    today = rules.local_date(context.now)
    opened = await open_everybody(conn, context, rules.period_of(today))
    moved = [row[0] for row in await fetch(conn, _MOVED, instansi, today, AT_ONCE)]
    await recompute_gaps(conn, context, rules, moved)
    return opened + len(moved)
