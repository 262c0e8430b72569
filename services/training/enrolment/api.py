"""HTTP of enrolments: read, complete, confirm a level, cancel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.access import demand_involved, demand_superior
from services.training.bodies import Reason
from services.training.clock import today
from services.training.competency.confirm import confirm
from services.training.course.view import provider_and_jp
from services.training.development_plan.replan import replan
from services.training.enrolment.certificate import fingerprints, use
from services.training.enrolment.decider import Cancel, Command, Complete, Confirm, Status
from services.training.enrolment.slice import ENROLMENT
from services.training.enrolment.view import EnrolmentRow
from services.training.listing import Row, one, shown, visible_page
from services.training.need.view import needs_above
from shared.errors import Forbidden
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.texts import keep, read
from shared.people.sight import check_in_sight
from shared.web.auth import CallerDep, Role
from shared.web.concurrency import IfMatch, etag
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body, Code, Day, Line, Whole
from shared.web.paging import Page, PagingDep

router = APIRouter(prefix="/enrolments", tags=["enrolments"])

Sha256 = Annotated[str, StringConstraints(strict=True, to_lower=True, pattern=r"^[0-9a-fA-F]{64}$")]


class Completion(Body):
    """The day of completion, the number of the certificate and, for its scan, the file's SHA-256."""

    on: Day
    certificate: Line
    file_hash: Sha256 | None = None


class LevelBody(Reason):
    """The level 1-5 the employee masters now in a competency of the course, and what shows it."""

    competency: Code
    level: Whole


@router.get("")
async def list_enrolments(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    asked: PagingDep,
    employee: UUID | None = None,
    status: Status | None = None,
    course: UUID | None = None,
) -> Page[Row]:
    """Enrolments the caller may read: their own, their reports', their unit's; hr and auditors all."""
    async with db.transaction(context.instansi) as conn:
        return await visible_page(conn, EnrolmentRow, context, caller, asked, employee, status=status, course=course)


@router.get("/{enrolment}")
async def show_enrolment(enrolment: UUID, caller: CallerDep, context: ContextDep, db: DbDep, response: Response) -> Row:
    """One enrolment with the certificate's number and, when it was cancelled, why."""
    async with db.transaction(context.instansi) as conn:
        row = await one(conn, EnrolmentRow, context.instansi, enrolment)
        await check_in_sight(conn, caller, row["employee"], await today(conn, context))
        texts = await read(conn, context.instansi, [id for id in (row["certificate"], row["reason"]) if id])
    words = {"certificate": texts.get(row["certificate"]), "reason": texts.get(row["reason"])}
    return _answer(response, row) | words


@router.post("/{enrolment}/complete")
async def complete_enrolment(
    enrolment: UUID,
    body: Completion,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Row:
    """The employee or hr reports completion with a certificate that was not used before: evidence, not yet a level."""

    async def work(conn: AsyncConnection) -> Row:
        row = await one(conn, EnrolmentRow, context.instansi, enrolment)
        employee = row["employee"]
        if caller.employee != employee and Role.HR not in caller.roles:
            raise Forbidden(
                "Hanya pegawai itu sendiri atau HR yang melaporkan penyelesaian. / "
                "Only the employee or HR reports completion."
            )
        provider, jp = await provider_and_jp(conn, context.instansi, row["course"])
        certificate = fingerprints(employee, provider, body.certificate, body.file_hash)
        await use(conn, context.instansi, enrolment, certificate)
        kept = await keep(conn, context.instansi, [(enrolment, employee, body.certificate)])
        command = Complete(
            on=body.on,
            today=await today(conn, context),
            jp=jp,
            certificate=kept[enrolment, body.certificate],
            file_hash=body.file_hash,
        )
        await _carry_out(conn, context, enrolment, command, seen)
        return await one(conn, EnrolmentRow, context.instansi, enrolment)

    return _answer(response, await db.run(work, context.instansi))


@router.post("/{enrolment}/confirm")
async def confirm_level(
    enrolment: UUID,
    body: LevelBody,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Row:
    """The superior confirms the level with a reason; only this closes the gap. Too low a level: the plan is proposed anew."""

    async def work(conn: AsyncConnection) -> Row:
        row = await one(conn, EnrolmentRow, context.instansi, enrolment)
        by = await demand_superior(conn, context, caller, row["employee"], body.reason)
        command = Confirm(body.competency, body.level, by)
        changed = await _carry_out(conn, context, enrolment, command, seen)
        # Also when the enrolment said so before: another confirmation may have come between.
        await confirm(
            conn,
            context,
            by=by,
            employee=row["employee"],
            competency=body.competency,
            level=body.level,
            reason=body.reason,
            enrolment=enrolment,
        )
        if changed:
            needs = await needs_above(conn, context.instansi, row["needs"], body.competency, body.level)
            await _release(conn, context, row, needs)
        return await one(conn, EnrolmentRow, context.instansi, enrolment)

    return _answer(response, await db.run(work, context.instansi))


@router.post("/{enrolment}/cancel")
async def cancel_enrolment(
    enrolment: UUID, body: Reason, seen: IfMatch, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Row:
    """The employee, the superior or hr gives the seat up; what the course was for is proposed anew."""

    async def work(conn: AsyncConnection) -> Row:
        row = await one(conn, EnrolmentRow, context.instansi, enrolment)
        by = await demand_involved(conn, context, caller, row["employee"])
        kept = await keep(conn, context.instansi, [(enrolment, by, body.reason)])
        if await _carry_out(conn, context, enrolment, Cancel(by, kept[enrolment, body.reason]), seen):
            await _release(conn, context, row, [UUID(need) for need in row["needs"]])
        return await one(conn, EnrolmentRow, context.instansi, enrolment)

    return _answer(response, await db.run(work, context.instansi))


async def _carry_out(
    conn: AsyncConnection, context: Context, enrolment: UUID, command: Command, seen: int | None
) -> bool:
    """Whether something new was recorded."""
    orders = [Order(enrolment, command, expected=seen)]
    [outcome] = await execute(conn, ENROLMENT, context, orders)
    return outcome.accepted().changed


async def _release(conn: AsyncConnection, context: Context, row: Row, needs: list[UUID]) -> None:
    if needs:
        await replan(conn, context, [row["employee"]], frozenset((need, row["course"]) for need in needs))


def _answer(response: Response, row: Row) -> Row:
    response.headers["ETag"] = etag(row["version"])
    return shown(row)
