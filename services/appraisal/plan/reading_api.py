"""Plans as people read them: one with its titles, and lists."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.access import check_readable, readable_people
from services.appraisal.plan.bodies import text_ids, with_titles
from services.appraisal.plan.events import PlanReturned
from services.appraisal.plan.slice import PLAN
from services.appraisal.plan.view import find, plan_id
from shared.errors import NotFound
from shared.eventstore import texts
from shared.eventstore.execute import load
from shared.eventstore.rows import fetch
from shared.people.queries import known_rules, reports_of
from shared.web.auth import CallerDep, employee_of
from shared.web.concurrency import etag
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["plans"])

Year = Annotated[int, Path(ge=2000, le=2999)]
_AnyYear = Annotated[int, Field(ge=2000, le=2999)]

# A proposal of the employee's waits for the superior, any other for the employee; $5 is who asks what waits for them.
_LIST = """
SELECT employee, year, id, version, status, revision, proposal_revision, agreed_revision, proposed_by, waits_for FROM plan
WHERE instansi = $1 AND ($2::uuid[] IS NULL OR employee = ANY($2)) AND ($3::uuid IS NULL OR (employee, year) > ($3, $4))
  AND ($5::uuid IS NULL OR (status = 'proposed' AND (proposed_by = employee) = (employee <> $5)))
ORDER BY employee, year LIMIT $6
"""
_RESULTS = "SELECT employee, proposal, agreed FROM plan WHERE instansi = $1 AND id = ANY($2::uuid[]) ORDER BY employee"
_SHOWN = (
    *("employee", "year", "id", "version", "status", "revision", "proposal_revision", "agreed_revision"),
    *("proposed_by", "waits_for"),
)


@router.get("/plans")
async def list_plans(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    waiting: Annotated[bool, Query(description="only proposals that wait for one's own decision")] = False,
) -> Page[dict[str, Any]]:
    """Plans of whom the caller may see. Waiting: whoever judges a person today decides on that person's proposal, also as
    Plt or Plh and when somebody else was the superior (`waits_for`) on the day it was proposed."""
    after = paging.after(UUID, _AnyYear) or (None, None)
    async with db.transaction(caller.instansi) as conn:
        me = employee_of(caller) if waiting else None
        if me is None:
            people = await readable_people(conn, caller, None, context.now)
        else:
            today = (await known_rules(conn, caller.instansi)).local_date(context.now)
            people = [me, *await reports_of(conn, caller.instansi, me, today)]
        rows = await fetch(conn, _LIST, caller.instansi, people, *after, me, paging.limit + 1)
    shown = [dict(zip(_SHOWN, row, strict=True)) for row in rows]
    return paging.page(shown, lambda plan: (plan["employee"], plan["year"]))


@router.get("/indicators")
async def list_indicators(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    year: Annotated[int, Query(ge=2000, le=2999)],
    employee: Annotated[list[UUID], Query(min_length=1, max_length=200)],
) -> dict[str, list[dict[str, Any]]]:
    """The indicators (IKI) proposed or in force of these people with their titles, to show beside ids; of people whom the
    caller may not see none."""
    async with db.transaction(caller.instansi) as conn:
        people = await readable_people(conn, caller, None, context.now)
        seen = [each for each in employee if people is None or each in people]
        plans = [plan_id(caller.instansi, each, year) for each in seen]
        found = await fetch(conn, _RESULTS, caller.instansi, plans)
        results = [(row[0], result) for row in found for result in [*(row[1] or ()), *(row[2] or ())]]
        words = await texts.read(conn, caller.instansi, text_ids([result for _, result in results]))
    named = {
        indicator["id"]: {"employee": whose, **indicator}
        for whose, result in results
        for indicator in (with_titles([result], words) or [])[0]["indicators"]
    }
    return {"indicators": list(named.values())}


@router.get("/plans/{employee}/{year}")
async def read(
    employee: UUID, year: Year, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Any:
    """The plan: what waits to be agreed or why it was returned, and what is in force."""
    async with db.transaction(caller.instansi) as conn:
        await check_readable(conn, caller, employee, context.now)
        plan = await find(conn, caller.instansi, employee, year)
        if plan is None:
            raise NotFound("Belum ada SKP untuk tahun ini. / There is no plan for this year yet.", year=year)
        words = await texts.read(conn, caller.instansi, text_ids([*(plan["proposal"] or []), *(plan["agreed"] or [])]))
        why = await _why_returned(conn, caller.instansi, plan["id"]) if plan["status"] == "returned" else None
    response.headers["ETag"] = etag(plan["version"])
    return {
        **plan,
        "proposal": with_titles(plan["proposal"], words),
        "agreed": with_titles(plan["agreed"], words),
        "returned_reason": why,
    }


async def _why_returned(conn: AsyncConnection, instansi: str, plan: UUID | str) -> str | None:
    """The reason of the last return; None once it was erased."""
    _, _, history = await load(conn, PLAN, instansi, UUID(str(plan)))
    reason = [event.reason.id for event, _ in history if isinstance(event, PlanReturned)][-1]
    return (await texts.read(conn, instansi, [reason])).get(reason)
