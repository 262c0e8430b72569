"""HTTP of the learning hours (JP) of a year."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from services.training.learning_hours.elsewhere import HoursBody, Outcome, completed_elsewhere, take_over
from services.training.rules.learning_hours import Kind, balance
from shared.errors import NotFound, Refusal
from shared.eventstore.rows import fetch
from shared.people.sight import check_in_sight
from shared.web.auth import CallerDep, requires
from shared.web.batch import Batch, DryRun, merge, parse
from shared.web.edge import ContextDep, DbDep
from shared.web.problem import refused_item

router = APIRouter(tags=["learning hours"])


@router.post("/imports/learning-hours", dependencies=[Depends(requires("hr", "system"))])
async def import_hours(
    request: Request, body: Batch, caller: CallerDep, context: ContextDep, db: DbDep, dry_run: DryRun = False
) -> dict[str, Any]:
    """Take over JP that were completed elsewhere: for each item `outcome` new, changed or unchanged, or why it was refused."""
    parsed = parse(request, HoursBody, body.items)
    good = [item for item in parsed if isinstance(item, HoursBody)]
    done: list[Outcome | Refusal] = []
    if good:
        done = await db.run(lambda conn: take_over(conn, context, good, caller.id), context.instansi, keep=not dry_run)
    return {"results": [_result(request, news) for news in merge(parsed, done)]}


@router.get("/employees/{employee}/jp")
async def show_balance(
    employee: UUID,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    year: Annotated[int | None, Query(ge=2000, le=2999, description="this year when left out")] = None,
) -> dict[str, Any]:
    """Completed JP of a year against the minimum (PNS, CPNS) or the cap (PPPK), with the rule and its legal source.

    `elsewhere`: how many of them were completed elsewhere and taken over.
    """
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        await check_in_sight(conn, caller, employee, day)
        asked = year or day.year
        kind = await _kind(conn, context.instansi, employee)
        elsewhere = await completed_elsewhere(conn, context.instansi, employee, asked)
        result = balance(kind, await _completed(conn, context.instansi, employee, asked) + elsewhere)
    return {"employee": employee, "kind": kind, "year": asked, **asdict(result), "elsewhere": elsewhere}


def _result(request: Request, news: Outcome | Refusal) -> dict[str, Any]:
    if isinstance(news, Refusal):
        return refused_item(request, news)
    return {"status": 201 if news == "new" else 200, "outcome": news}


async def _kind(conn: AsyncConnection, instansi: str, employee: UUID) -> Kind:
    rows = await fetch(conn, "SELECT kind FROM heard_employee WHERE instansi = $1 AND id = $2", instansi, employee)
    if not rows:
        raise NotFound("Pegawai ini tidak dikenal. / There is no such employee.")
    kind: Kind = rows[0][0]
    return kind


async def _completed(conn: AsyncConnection, instansi: str, employee: UUID, year: int) -> int:
    sql = """
        SELECT coalesce(sum(jp), 0)::int FROM enrolment
        WHERE instansi = $1 AND employee = $2 AND extract(year FROM completed) = $3
    """
    return int((await fetch(conn, sql, instansi, employee, year))[0][0])
