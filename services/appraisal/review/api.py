"""Reading reviews, stating and confirming realisations, and rating, over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.access import check_readable, has_no_superior, is_superior, readable_people
from services.appraisal.bodies import Amount, read_period
from services.appraisal.locks import hold
from services.appraisal.review.decider import Command, ConfirmRealisation, EnterRealisation, Rate, ReasonRequired
from services.appraisal.review.explain import explained, review_row
from services.appraisal.review.recompute import Cause, recompute
from services.appraisal.review.slice import REVIEW
from services.appraisal.review.view import review_id
from services.appraisal.review.waiting import WaitDep, heard
from services.appraisal.rules.predicate import Rating
from shared.calendar import Period
from shared.errors import Forbidden, NotFound, StaleVersion
from shared.eventstore import texts
from shared.eventstore.decider import Context, Order, Outcome
from shared.eventstore.execute import execute, load
from shared.eventstore.rows import fetch
from shared.people.queries import known_rules
from shared.web.auth import Caller, CallerDep, Role, employee_of
from shared.web.concurrency import IfMatch, etag
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body, Words
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["reviews"])

_LIST = """
SELECT r.employee, r.period, r.id, r.state, r.provisional, r.percent, r.recommendation, r.measured, r.not_measured, r.waiting,
       c.work_result, c.behaviour, c.predicate
FROM review r LEFT JOIN review_record c ON c.instansi = r.instansi AND c.id = r.id
WHERE r.instansi = $1 AND r.period = $2 AND r.expected AND ($3::uuid[] IS NULL OR r.employee = ANY($3))
  AND ($4::uuid IS NULL OR r.employee > $4)
ORDER BY r.employee LIMIT $5
"""
_OF_ONE = """
SELECT r.employee, r.period, r.id, r.state, r.provisional, r.percent, r.recommendation, r.measured, r.not_measured, r.waiting,
       c.work_result, c.behaviour, c.predicate
FROM review r LEFT JOIN review_record c ON c.instansi = r.instansi AND c.id = r.id
WHERE r.instansi = $1 AND r.employee = $2 AND r.expected AND r.period = ANY($3::text[]) ORDER BY r.period
"""
_SHOWN = (
    *("employee", "period", "review", "state", "provisional", "percent", "recommendation", "measured", "not_measured"),
    *("waiting", "work_result", "behaviour", "predicate"),
)


class RatingBody(Body):
    """Both ratings; `text` is required where one is below expectation, and from hr."""

    work_result: Rating
    behaviour: Rating
    text: Words | None = None


class RealisationBody(Body):
    """The realisation of a manual indicator, in its unit."""

    indicator: UUID
    value: Amount
    note: Words | None = None


class ConfirmationBody(Body):
    """The value that was seen and is confirmed."""

    indicator: UUID
    value: Amount


@router.get("/reviews")
async def list_reviews(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    period: Annotated[str | None, Query(description="the current period unless given")] = None,
    unit: UUID | None = None,
) -> Page[dict[str, Any]]:
    """Reviews of a period: one's own and those of one's reports; for heads their units; for hr and auditors all."""
    after = paging.after(UUID)
    async with db.transaction(caller.instansi) as conn:
        rules = await known_rules(conn, caller.instansi)
        of = read_period(period) if period else rules.period_of(rules.local_date(context.now))
        people = await readable_people(conn, caller, unit, context.now)
        at = after[0] if after else None
        rows = await fetch(conn, _LIST, caller.instansi, str(of), people, at, paging.limit + 1)
    return paging.page([dict(zip(_SHOWN, row, strict=True)) for row in rows], lambda item: (item["employee"],))


@router.get("/reviews/{employee}")
async def list_of_one(
    employee: UUID,
    periods: Annotated[list[str], Query(max_length=40)],
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
) -> list[dict[str, Any]]:
    """The reviews of one person in these periods, without what they were made of; those that are not there are missing."""
    wanted = [read_period(each) for each in periods]
    async with db.transaction(caller.instansi) as conn:
        await check_readable(conn, caller, employee, context.now)
        rows = await fetch(conn, _OF_ONE, caller.instansi, employee, [str(each) for each in wanted])
    return [dict(zip(_SHOWN, row, strict=True)) for row in rows]


@router.get("/reviews/{employee}/{period}")
async def read(
    employee: UUID,
    period: str,
    wait: WaitDep,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> dict[str, Any]:
    """The review with every number explained. `stale` says that what was waited for has not been heard yet."""
    of = read_period(period)
    async with db.transaction(caller.instansi) as conn:
        await check_readable(conn, caller, employee, context.now, of.last_day)
    stale = not await heard(db, caller.instansi, wait)
    async with db.transaction(caller.instansi) as conn:
        found = await explained(conn, caller.instansi, employee, str(of))
    if found is None:
        raise _no_review()
    response.headers["ETag"] = etag(found[0])
    return {**found[1], "version": found[0], "stale": stale}


@router.post("/reviews/{employee}/{period}/rating")
async def rate(
    employee: UUID,
    period: str,
    body: RatingBody,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> dict[str, Any]:
    """Set both ratings as the superior; the matrix gives the predicate, and the recommendation stays beside it."""
    of = read_period(period)
    outcome = await db.run(lambda conn: _rate(conn, caller, context, (employee, of), body, seen), context.instansi)
    rating = outcome.state.rating
    response.status_code = 201 if outcome.changed else 200
    return {
        "review": outcome.stream,
        "version": outcome.version,
        "work_result": rating.work_result,
        "behaviour": rating.behaviour,
        "predicate": rating.predicate,
        "predicate_label": rating.predicate.label,
        "recommended": rating.recommended,
    }


async def _rate(
    conn: AsyncConnection,
    caller: Caller,
    context: Context,
    whose: tuple[UUID, Period],
    body: RatingBody,
    seen: int | None,
) -> Outcome[Any, Any]:
    by, (employee, period) = employee_of(caller), whose
    if await _judges_for_nobody(conn, caller, context, employee, period) and body.text is None:
        raise ReasonRequired("Tulis alasan (text). / Write a reason (text).")
    review = await _locked(conn, context, employee, str(period))
    if seen is not None:
        version, _, _ = await load(conn, REVIEW, context.instansi, review["id"])
        if seen != review["version"] + version:
            raise StaleVersion("Evaluasi sudah berubah: muat ulang. / The review changed: read it again.")
    kept = await texts.keep(conn, context.instansi, [(review["id"], by, body.text)] if body.text else [])
    command = Rate(
        employee=employee,
        period=str(period),
        work_result=body.work_result,
        behaviour=body.behaviour,
        recommended=Rating(review["recommendation"]) if review["recommendation"] else None,
        percent=review["percent"],
        by=by,
        text=kept[review["id"], body.text] if body.text else None,
    )
    return await _one(conn, context, review["id"], command)


@router.post("/reviews/{employee}/{period}/realisation")
async def enter(
    employee: UUID,
    period: str,
    body: RealisationBody,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> dict[str, Any]:
    """State the realisation of one's own manual indicator; it counts once the superior confirms it."""
    by, of = employee_of(caller), str(read_period(period))
    if by != employee:
        raise Forbidden("Realisasi diisi oleh pegawai sendiri. / Employees state their own realisation.")

    async def work(conn: AsyncConnection) -> Outcome[Any, Any]:
        review = await _locked(conn, context, employee, of)
        kept = await texts.keep(conn, context.instansi, [(review["id"], by, body.note)] if body.note else [])
        by_hand = {m["indicator"]["id"] for m in review["indicators"] if m["indicator"]["measure"] == "manual"}
        command = EnterRealisation(
            employee=employee,
            period=of,
            indicator=body.indicator,
            value=body.value,
            note=kept[review["id"], body.note] if body.note else None,
            manual=frozenset(UUID(each) for each in by_hand),
        )
        return await _counted(conn, context, employee, of, command)

    return _stated(response, await db.run(work, context.instansi), body.indicator)


@router.post("/reviews/{employee}/{period}/realisation/confirm")
async def confirm(
    employee: UUID,
    period: str,
    body: ConfirmationBody,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> dict[str, Any]:
    """Confirm, as the superior, the value a report stated."""
    by, of = employee_of(caller), read_period(period)

    async def work(conn: AsyncConnection) -> Outcome[Any, Any]:
        await _judges_for_nobody(conn, caller, context, employee, of)
        await _locked(conn, context, employee, str(of))
        command = ConfirmRealisation(indicator=body.indicator, value=body.value, by=by)
        return await _counted(conn, context, employee, str(of), command)

    return _stated(response, await db.run(work, context.instansi), body.indicator)


async def _judges_for_nobody(
    conn: AsyncConnection, caller: Caller, context: Context, employee: UUID, period: Period
) -> bool:
    """Whether hr acts because no superior is left; Forbidden for anybody but the superior of the last day or of today."""
    by = employee_of(caller)
    today = (await known_rules(conn, context.instansi)).local_date(context.now)
    days = {min(period.last_day, today), today}
    if await is_superior(conn, context.instansi, by, employee, days, today):
        return False
    hr = Role.HR in caller.roles and by != employee
    if hr and await has_no_superior(conn, context.instansi, employee, days, today):
        return True
    raise Forbidden(
        "Hanya pejabat penilai pegawai ini yang berwenang. / Only the superior of this employee has this right."
    )


async def _locked(conn: AsyncConnection, context: Context, employee: UUID, period: str) -> dict[str, Any]:
    await hold(conn, context.instansi, [employee])
    review = await review_row(conn, context.instansi, employee, period)
    if review is None:
        raise _no_review()
    return review


async def _counted(
    conn: AsyncConnection, context: Context, employee: UUID, period: str, command: Command
) -> Outcome[Any, Any]:
    outcome = await _one(conn, context, review_id(context.instansi, employee, period), command)
    if outcome.changed:
        await recompute(conn, context, {(employee, period): Cause("realisation", outcome.stream)})
    return outcome


async def _one(conn: AsyncConnection, context: Context, review: UUID, command: Command) -> Outcome[Any, Any]:
    order: Order[Command] = Order(review, command)
    [outcome] = await execute(conn, REVIEW, context, [order])
    return outcome.accepted()


def _stated(response: Response, outcome: Outcome[Any, Any], indicator: UUID) -> dict[str, Any]:
    stated: Mapping[UUID, Any] = outcome.state.manual
    response.status_code = 201 if outcome.changed else 200
    return {
        "review": outcome.stream,
        "version": outcome.version,
        "indicator": indicator,
        "value": stated[indicator].value,
        "confirmed": stated[indicator].confirmed,
    }


def _no_review() -> NotFound:
    return NotFound("Tidak ada evaluasi untuk pegawai dan periode ini. / No review of this employee and period.")
