"""Agreeing plans over HTTP."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.access import is_superior
from services.appraisal.bodies import Results, results
from services.appraisal.plan.bodies import (
    Agreement,
    ImportedPlan,
    Proposal,
    ReturnBody,
    facts_of,
    titles_of,
)
from services.appraisal.plan.decider import Agree, Command, Import, Propose, Return, check
from services.appraisal.plan.events import Side
from services.appraisal.plan.reading_api import Year
from services.appraisal.plan.slice import PLAN
from services.appraisal.plan.view import plan_id
from services.appraisal.review.opening import recompute_year
from shared.errors import Forbidden, Refusal
from shared.eventstore import texts
from shared.eventstore.decider import Context, Order, Outcome
from shared.eventstore.execute import execute
from shared.eventstore.texts import Text
from shared.people.queries import known_employees, known_rules, superior_of
from shared.people.refusals import unknown_employee
from shared.web.auth import Caller, CallerDep, employee_of, requires
from shared.web.batch import Batch, DryRun, merge, parse
from shared.web.concurrency import IfMatch, etag
from shared.web.edge import ContextDep, DbDep, context_of

router = APIRouter(tags=["plans"])

_UNKEPT = Text(UUID(int=0), "")

Importer = Annotated[Caller, Depends(requires("system", "hr"))]


@router.put("/plans/{employee}/{year}")
async def propose(
    employee: UUID,
    year: Year,
    body: Proposal,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Any:
    """Propose a plan, for oneself or for a report; the other side has to agree."""
    by = employee_of(caller)

    async def work(conn: AsyncConnection) -> Outcome[Any, Any]:
        rules = await known_rules(conn, context.instansi)
        today = rules.local_date(context.now)
        if employee not in await known_employees(conn, context.instansi, [employee]):
            raise unknown_employee(employee)
        side = await _side(conn, context, by, employee)
        superior = (await superior_of(conn, context.instansi, [employee], today))[employee]
        stream = plan_id(context.instansi, employee, year)
        kept = await texts.keep(conn, context.instansi, {(stream, by, title) for title in titles_of(body.results)})
        command = Propose(
            employee=employee,
            year=year,
            by=by,
            side=side,
            waits_for=superior if side == "employee" else employee,
            results=facts_of(body.results, {title: kept[stream, title] for title in titles_of(body.results)}),
        )
        return await _carry_out(conn, context, employee, year, command, seen)

    return _told(response, await db.run(work, context.instansi))


@router.post("/plans/{employee}/{year}/agree")
async def agree(
    employee: UUID, year: Year, body: Agreement, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Any:
    """Agree the proposal of the other side; it is in force from now on."""
    by = employee_of(caller)

    async def work(conn: AsyncConnection) -> Outcome[Any, Any]:
        command = Agree(by=by, side=await _side(conn, context, by, employee), revision=body.revision)
        return await _carry_out(conn, context, employee, year, command)

    return _told(response, await db.run(work, context.instansi))


@router.post("/plans/{employee}/{year}/return")
async def send_back(
    employee: UUID, year: Year, body: ReturnBody, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Any:
    """Send the proposal of the other side back with a reason."""
    by = employee_of(caller)

    async def work(conn: AsyncConnection) -> Outcome[Any, Any]:
        side, stream = await _side(conn, context, by, employee), plan_id(context.instansi, employee, year)
        kept = await texts.keep(conn, context.instansi, [(stream, by, body.reason)])
        command = Return(by=by, side=side, revision=body.revision, reason=kept[stream, body.reason])
        return await _carry_out(conn, context, employee, year, command)

    return _told(response, await db.run(work, context.instansi))


@router.post("/imports/plans")
async def take_over(body: Batch, request: Request, caller: Importer, db: DbDep, dry_run: DryRun = False) -> Results:
    """Take over up to 500 plans that were agreed in another system, each accepted or refused by itself."""
    context = context_of(request, caller, "import")
    parsed = parse(request, ImportedPlan, body.items)
    good = [item for item in parsed if isinstance(item, ImportedPlan)]
    done: list[tuple[int, bool] | Refusal] = []
    if good:
        done = await db.run(lambda conn: _take_over(conn, context, good), context.instansi, keep=not dry_run)
    ids = [plan_id(caller.instansi, i.employee, i.year) if isinstance(i, ImportedPlan) else None for i in parsed]
    return results(request, ids, merge(parsed, done))


async def _take_over(
    conn: AsyncConnection, context: Context, items: Sequence[ImportedPlan]
) -> list[tuple[int, bool] | Refusal]:
    known = await known_employees(conn, context.instansi, {item.employee for item in items})
    checked = [_checked(item, known) for item in items]
    good = [(plan_id(context.instansi, i.employee, i.year), i) for i in checked if isinstance(i, ImportedPlan)]
    wanted = {(stream, item.employee, title) for stream, item in good for title in titles_of(item.results)}
    kept = await texts.keep(conn, context.instansi, wanted)
    orders: list[Order[Command]] = []
    for stream, item in good:
        command = Import(
            employee=item.employee,
            year=item.year,
            source=item.source.system,
            file_hash=item.source.file_hash,
            results=facts_of(item.results, {title: kept[stream, title] for title in titles_of(item.results)}),
        )
        orders.append(Order(stream, command))
    outcomes = await execute(conn, PLAN, context, orders)
    changed = [(item.employee, item.year) for (_, item), o in zip(good, outcomes, strict=True) if o.changed]
    await recompute_year(conn, context, changed)
    return merge(checked, [outcome.refusal or (outcome.version, outcome.changed) for outcome in outcomes])


def _checked(item: ImportedPlan, known: Collection[UUID]) -> ImportedPlan | Refusal:
    """The item, or why it is refused; found out before its titles are kept, so that a refused one leaves none behind."""
    if item.employee not in known:
        return unknown_employee(item.employee)
    try:
        check(facts_of(item.results, defaultdict(lambda: _UNKEPT)))
    except Refusal as refusal:
        return refusal
    return item


async def _side(conn: AsyncConnection, context: Context, who: UUID, employee: UUID) -> Side:
    """On which side of the plan the caller stands; Forbidden on neither."""
    if who == employee:
        return "employee"
    today = (await known_rules(conn, context.instansi)).local_date(context.now)
    if await is_superior(conn, context.instansi, who, employee, [today], today):
        return "superior"
    raise Forbidden(
        "SKP disepakati oleh pegawai dan pejabat penilainya. / A plan is agreed by the employee and their superior."
    )


async def _carry_out(
    conn: AsyncConnection, context: Context, employee: UUID, year: int, command: Command, seen: int | None = None
) -> Outcome[Any, Any]:
    order = Order(plan_id(context.instansi, employee, year), command, seen)
    [outcome] = await execute(conn, PLAN, context, [order])
    if outcome.accepted().changed and isinstance(command, Agree):
        await recompute_year(conn, context, [(employee, year)])
    return outcome


def _told(response: Response, outcome: Outcome[Any, Any]) -> dict[str, Any]:
    state = outcome.state
    response.headers["ETag"] = etag(outcome.version)
    response.status_code = 201 if outcome.changed else 200
    return {
        "id": outcome.stream,
        "version": outcome.version,
        "status": state.status,
        "revision": state.revision,
        "agreed_revision": state.agreed_revision,
        "waits_for": state.waits_for,
    }
