"""People: entered by HR, read by themselves, their superior, leaders and auditors."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.assignment.models import AssignmentOut
from services.directory.assignment.queries import assignments
from services.directory.batch import Planned, Results, carry_out, settled
from services.directory.employee import queries
from services.directory.employee.models import ContactIn, EmployeeOut, Me, Named, employee_said
from services.directory.instansi.queries import name_of
from services.directory.lookup.api import Purpose, note
from services.directory.reading import today
from services.directory.rules.employees import outside_of, plan_employees
from services.directory.rules.plan import Said
from shared.errors import Forbidden, NotFound
from shared.ids import fresh_id
from shared.people.erasure import still_active
from shared.people.queries import authorities, units_below
from shared.people.sight import check_in_sight, in_sight
from shared.web.auth import CallerDep, Role, employee_of, requires
from shared.web.batch import Batch, DryRun
from shared.web.edge import AnytimeDbDep, ContextDep, DbDep
from shared.web.fields import Body
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["employees"])

HR = Depends(requires("hr", "system"))
_NIL = UUID(int=0)


@router.post("/employees/batch", dependencies=[HR])
async def employees_batch(
    request: Request, body: Batch, context: ContextDep, db: DbDep, dry_run: DryRun = False
) -> Results:
    """Enter or change people, by NIP or outside id."""
    return await carry_out(request, db, context, body, employee_said, _employees, dry_run)


async def _employees(conn: AsyncConnection, instansi: str, items: Mapping[int, Said]) -> Planned:
    names = store.Names()
    for said in items.values():
        names.person(said.get("nip"), outside_of(said))
    known = await store.known(conn, instansi, names)
    new_ids = {index: fresh_id() for index in items}
    return settled(known, items, lambda live: plan_employees(known, live, new_ids))


@router.get("/employees")
async def get_employees(
    context: ContextDep,
    caller: CallerDep,
    db: DbDep,
    paging: PagingDep,
    unit: Annotated[UUID | None, Query(description="works today in this unit or below")] = None,
    q: Annotated[
        str | None, Query(min_length=2, max_length=100, description="part of the name, begin of the NIP")
    ] = None,
) -> Page[EmployeeOut]:
    """The people the caller may see."""
    after = paging.after(UUID)
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        seen = await in_sight(conn, caller, day)
        units = None if unit is None else await units_below(conn, context.instansi, [unit])
        rows = await queries.employees(
            conn,
            context.instansi,
            day,
            seen,
            units=units,
            q=q,
            after=after[0] if after else _NIL,
            limit=paging.limit + 1,
        )
    return paging.page([EmployeeOut(**row) for row in rows], lambda employee: (employee.id,))


@router.get("/employees/{employee}")
async def get_employee(employee: UUID, context: ContextDep, caller: CallerDep, db: DbDep) -> EmployeeOut:
    """One person's record."""
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        await check_in_sight(conn, caller, employee, day)
        rows = await queries.employees(conn, context.instansi, day, [employee])
    return _one(rows)


@router.patch("/employees/{employee}")
async def patch_employee(
    employee: UUID, body: ContactIn, context: ContextDep, caller: CallerDep, db: DbDep
) -> EmployeeOut:
    """Change how a person is reached: by themself or HR."""
    if employee != caller.employee and caller.roles.isdisjoint({Role.HR, Role.SYSTEM}):
        raise Forbidden("Hanya diri sendiri atau pengelola kepegawaian. / Only the person themself or HR.")
    said = body.model_dump(exclude_unset=True)

    async def work(conn: AsyncConnection) -> EmployeeOut:
        await store.hold(conn, context.instansi)
        await queries.change_contact(conn, context.instansi, employee, said, store.changed_by(context))
        rows = await queries.employees(conn, context.instansi, await today(conn, context), [employee])
        return _one(rows)

    return await db.run(work, context.instansi)


class ErasureIn(Body):
    """Why a person's data are erased, as a code that is kept."""

    purpose: Purpose


class Erased(BaseModel):
    """Whether there was anything left to erase."""

    status: Literal["erased", "unchanged"]


@router.post("/employees/{employee}/erase", dependencies=[HR])
async def erase_employee(
    employee: UUID, body: ErasureIn, context: ContextDep, caller: CallerDep, db: AnytimeDbDep
) -> Erased:
    """Erase name, NIP, contacts and ids in other systems of somebody inactive; the opaque id and what hangs on it stay."""

    async def work(conn: AsyncConnection) -> Erased:
        await store.hold(conn, context.instansi)
        if _one(await queries.employees(conn, context.instansi, await today(conn, context), [employee])).active:
            raise still_active()
        erased = await queries.erase(conn, context.instansi, employee, store.changed_by(context))
        if erased:
            await note(conn, context, caller, "erase", body.purpose, 1, [employee])
        return Erased(status="erased" if erased else "unchanged")

    return await db.run(work, context.instansi)


@router.get("/me")
async def get_me(context: ContextDep, caller: CallerDep, db: DbDep) -> Me:
    """The caller's own record, assignments and superior."""
    me = employee_of(caller)
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        own = _one(await queries.employees(conn, context.instansi, day, [me]))
        superior = await queries.names(conn, context.instansi, [own.superior] if own.superior else [])
        return Me(
            instansi=await name_of(conn, context.instansi) or context.instansi,
            employee=own,
            superior=Named(**superior[0]) if superior else None,
            assignments=[AssignmentOut(**row) for row in await assignments(conn, context.instansi, me)],
        )


class NameList(BaseModel):
    """Names of those among the ids asked for whom the caller may see."""

    names: list[Named]


@router.get("/names")
async def get_names(
    context: ContextDep, caller: CallerDep, db: DbDep, ids: Annotated[list[UUID], Query(min_length=1, max_length=200)]
) -> NameList:
    """Names to show beside ids: own, of superiors and of reports, for HR and auditors of all."""
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        seen = await in_sight(conn, caller, day)
        if seen is not None and caller.employee is not None:
            me = caller.employee
            above = (await authorities(conn, context.instansi, [(me, day)], day))[me, day]
            seen |= above.verifiers | ({above.superior} if above.superior else set())
            seen |= await queries.former_reports(conn, context.instansi, me, day)
        wanted = ids if seen is None else [id for id in ids if id in seen]
        rows = await queries.names(conn, context.instansi, wanted)
    return NameList(names=[Named(**row) for row in rows])


def _one(rows: list[dict[str, Any]]) -> EmployeeOut:
    if not rows:
        raise NotFound("Pegawai tidak ditemukan. / There is no such employee.")
    return EmployeeOut(**rows[0])
