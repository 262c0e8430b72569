"""HTTP of development plans: read, approve, return, choose other courses."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.access import demand_involved, demand_superior
from services.training.bodies import Reason, SeenDep
from services.training.clock import today
from services.training.course.view import offers_for, titles
from services.training.development_plan.carry_out import approve
from services.training.development_plan.decider import Approve, Choose, Command, Return, Status
from services.training.development_plan.slice import DEVELOPMENT_PLAN
from services.training.development_plan.view import DevelopmentPlanRow
from services.training.listing import Row, listed, one, shown, visible_page
from shared.errors import Refusal
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.texts import keep, read
from shared.people.queries import reports_of
from shared.people.sight import check_in_sight
from shared.web.auth import CallerDep, employee_of
from shared.web.concurrency import etag
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body, Words
from shared.web.paging import Page, PagingDep

router = APIRouter(prefix="/development-plans", tags=["development plans"])


class CourseDoesNotFit(Refusal):
    """The course is not on offer or does not raise the competency of the need."""

    code = "course-does-not-fit"
    status = 422


class Approval(Body):
    """`reason` is needed from hr in place of a superior."""

    reason: Words | None = None


class Choice(Body):
    """The course to take for a waiting need."""

    need: UUID
    course: UUID


class Choices(Body):
    """Other courses than those proposed."""

    items: Annotated[list[Choice], Field(min_length=1, max_length=200)]


@router.get("")
async def list_plans(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    asked: PagingDep,
    employee: UUID | None = None,
    status: Status | None = None,
    waiting: Annotated[bool, Query(description="only what waits for me as superior")] = False,
) -> Page[Row]:
    """Plans the caller may read: their own, their reports', their unit's; hr and auditors all."""
    async with db.transaction(context.instansi) as conn:
        if not waiting:
            return await visible_page(conn, DevelopmentPlanRow, context, caller, asked, employee, status=status)
        day = await today(conn, context)
        reports = await reports_of(conn, context.instansi, employee_of(caller), day)
        mine = [report for report in reports if employee in (None, report)]
        return await listed(conn, DevelopmentPlanRow, context.instansi, asked, mine, status="proposed")


@router.get("/{plan}")
async def show_plan(plan: UUID, caller: CallerDep, context: ContextDep, db: DbDep, response: Response) -> Row:
    """One plan with the courses' titles and, when it was returned, why."""
    async with db.transaction(context.instansi) as conn:
        row = await one(conn, DevelopmentPlanRow, context.instansi, plan)
        await check_in_sight(conn, caller, row["employee"], await today(conn, context))
        courses = await titles(conn, context.instansi, _courses(row))
        reasons = await read(conn, context.instansi, [row["reason"]] if row["reason"] else [])
    items = [item | {"course_title": courses.get(item["course"])} for item in row["items"]]
    return _answer(response, row) | {"items": items, "reason": reasons.get(row["reason"])}


@router.post("/{plan}/approve")
async def approve_plan(
    plan: UUID, body: Approval, seen: SeenDep, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Row:
    """The superior approves what was seen; each approved course gets an enrolment."""

    async def work(conn: AsyncConnection) -> Row:
        row = await one(conn, DevelopmentPlanRow, context.instansi, plan)
        by = await demand_superior(conn, context, caller, row["employee"], body.reason)
        kept = await keep(conn, context.instansi, [(plan, by, body.reason)] if body.reason else [])
        command = Approve(by, kept[plan, body.reason] if body.reason else None)
        await approve(conn, context, plan, _courses(row, "waiting"), command, seen)
        return await one(conn, DevelopmentPlanRow, context.instansi, plan)

    return _answer(response, await db.run(work, context.instansi))


@router.post("/{plan}/return")
async def return_plan(
    plan: UUID, body: Reason, seen: SeenDep, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Row:
    """The superior asks for other courses, saying why."""

    async def work(conn: AsyncConnection) -> Row:
        row = await one(conn, DevelopmentPlanRow, context.instansi, plan)
        by = await demand_superior(conn, context, caller, row["employee"], body.reason)
        kept = await keep(conn, context.instansi, [(plan, by, body.reason)])
        return await _carry_out(conn, context, plan, Return(by, kept[plan, body.reason]), seen)

    return _answer(response, await db.run(work, context.instansi))


@router.post("/{plan}/choose")
async def choose_courses(
    plan: UUID, body: Choices, seen: SeenDep, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Row:
    """The employee, the superior or hr takes other courses of the catalogue; the plan is proposed anew with them."""
    courses = {item.need: item.course for item in body.items}

    async def work(conn: AsyncConnection) -> Row:
        row = await one(conn, DevelopmentPlanRow, context.instansi, plan)
        await demand_involved(conn, context, caller, row["employee"])
        await _demand_fitting(conn, context.instansi, row, courses)
        return await _carry_out(conn, context, plan, Choose(courses), seen)

    return _answer(response, await db.run(work, context.instansi))


async def _carry_out(conn: AsyncConnection, context: Context, plan: UUID, command: Command, seen: int) -> Row:
    orders = [Order(plan, command, expected=seen)]
    [outcome] = await execute(conn, DEVELOPMENT_PLAN, context, orders)
    outcome.accepted()
    return await one(conn, DevelopmentPlanRow, context.instansi, plan)


async def _demand_fitting(conn: AsyncConnection, instansi: str, row: Row, courses: Mapping[UUID, UUID]) -> None:
    """Each course is on offer and raises the competency of its need."""
    asked = {UUID(item["need"]): item["competency"] for item in row["items"]}
    offers = await offers_for(conn, instansi, set(asked.values()))
    fits = {(offer.course, competency) for offer in offers for competency in offer.competencies}
    for need, course in courses.items():
        if need in asked and (course, asked[need]) not in fits:
            raise CourseDoesNotFit(
                "Pelatihan ini tidak meningkatkan kompetensi yang dibutuhkan; pilih yang lain dari katalog. / "
                "This course does not raise the competency that is needed; choose another of the catalogue.",
                need=str(need),
                course=str(course),
            )


def _courses(row: Row, *statuses: str) -> set[UUID]:
    """The courses of a plan's items (of those with one of the statuses)."""
    items = [item for item in row["items"] if item["course"] and (not statuses or item["status"] in statuses)]
    return {UUID(item["course"]) for item in items}


def _answer(response: Response, row: Row) -> Row:
    response.headers["ETag"] = etag(row["version"])
    return shown(row)
