"""Dated assignments: entered and ended by HR, read by oneself, one's superior, leaders and auditors."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.assignment import queries
from services.directory.assignment.models import AssignmentOut, EndIn, assignment_said
from services.directory.batch import Planned, Results, carry_out, settled
from services.directory.reading import today
from services.directory.rules.assignments import check_in_time, misplaced
from services.directory.rules.placing import plan_placings
from services.directory.rules.plan import Said
from services.directory.rules.records import Assignment
from shared.errors import NotFound, Refusal, StaleVersion
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.people.sight import check_in_sight
from shared.web.auth import CallerDep, requires
from shared.web.batch import Batch, DryRun
from shared.web.concurrency import IfMatch, etag
from shared.web.edge import ContextDep, DbDep

router = APIRouter(prefix="/assignments", tags=["assignments"])

HR = Depends(requires("hr", "system"))


class AssignmentVoid(Refusal):
    """The assignment was recorded by mistake and taken back."""

    code = "assignment-void"
    status = 409


@router.post("/batch", dependencies=[HR])
async def assignments_batch(
    request: Request, body: Batch, context: ContextDep, db: DbDep, dry_run: DryRun = False
) -> Results:
    """Enter or change assignments; a superior is entered with the employees."""
    return await carry_out(request, db, context, body, assignment_said, _assignments, dry_run)


async def _assignments(conn: AsyncConnection, instansi: str, items: Mapping[int, Said]) -> Planned:
    names = store.Names(positions={said["position"] for said in items.values()})
    for person in chain.from_iterable((said["employee"], said.get("superior")) for said in items.values()):
        if person is not None:
            names.person(person.get("nip"), person.get("outside") or {}, person.get("id"))
    known = await store.known(conn, instansi, names)
    return settled(known, items, lambda live: plan_placings(known, live))


@router.get("")
async def get_assignments(
    employee: UUID,
    context: ContextDep,
    caller: CallerDep,
    db: DbDep,
    all_versions: Annotated[bool, Query(description="also what was known before")] = False,
) -> list[AssignmentOut]:
    """A person's assignments, by first day."""
    async with db.transaction(context.instansi) as conn:
        await check_in_sight(conn, caller, employee, await today(conn, context))
        rows = await queries.assignments(conn, context.instansi, employee, all_versions=all_versions)
    return [AssignmentOut(**row) for row in rows]


@router.post("/{assignment}/end", dependencies=[HR])
async def end_assignment(
    assignment: UUID, body: EndIn, expected: IfMatch, context: ContextDep, db: DbDep, response: Response
) -> AssignmentOut:
    """Say the last day of an assignment. If-Match: the version that you saw."""

    def ended(old: Assignment) -> Assignment:
        if old.void:
            raise AssignmentVoid("Penugasan ini sudah dibatalkan. / This assignment was taken back.")
        return replace(old, valid_to=body.last_day)

    return await _change(db, context, assignment, expected, ended, response)


@router.post("/{assignment}/void", dependencies=[HR])
async def void_assignment(
    assignment: UUID, expected: IfMatch, context: ContextDep, db: DbDep, response: Response
) -> AssignmentOut:
    """Take back an assignment that was recorded by mistake: it was never held. If-Match: the version that you saw."""
    return await _change(db, context, assignment, expected, lambda old: replace(old, void=True), response)


async def _change(
    db: Database,
    context: Context,
    id: UUID,
    expected: int | None,
    change: Callable[[Assignment], Assignment],
    response: Response,
) -> AssignmentOut:
    async def work(conn: AsyncConnection) -> AssignmentOut:
        await store.hold(conn, context.instansi)
        old = await queries.assignment_of(conn, context.instansi, id)
        if old is None:
            raise NotFound("Penugasan tidak ditemukan. / There is no such assignment.")
        if expected is not None and expected != old.version:
            raise StaleVersion(
                "Data sudah berubah: muat ulang lalu ulangi. / Reload and try again.", version=old.version
            )
        new = change(old)
        if new != old:
            beside = await store.assignments_of(conn, context.instansi, [old.employee])
            for refusal in misplaced(beside, {0: new}).values():
                raise refusal
            check_in_time(await store.units_of(conn, context.instansi), new)
            await store.write(conn, context, [new])
        rows = await queries.assignments(conn, context.instansi, old.employee)
        return next(AssignmentOut(**row) for row in rows if row["id"] == id)

    found = await db.run(work, context.instansi)
    response.headers["ETag"] = etag(found.version)
    return found
