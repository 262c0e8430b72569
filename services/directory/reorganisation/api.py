"""Reorganisation: people of some units go to another from a day on, and a unit that nobody works in is closed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.assignment.models import PersonRef, person_said
from services.directory.catalogue.api import UnitIn
from services.directory.rules.assignments import misplaced
from services.directory.rules.employees import EmployeeUnknown
from services.directory.rules.placing import who
from services.directory.rules.positions import PositionUnknown
from services.directory.rules.records import Known, People, Unit
from services.directory.rules.reorganise import Change, Step, reorganise
from services.directory.rules.units import UnitInUse, UnitUnknown, check_open, plan_units
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.people.queries import units_below
from shared.web.auth import requires
from shared.web.batch import DryRun
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body, Code, Day

router = APIRouter(tags=["reorganisation"], dependencies=[Depends(requires("hr", "system"))])

#: So many placements a call: a transaction of a second or two.
AT_ONCE = 500
_CONCERNED = """
SELECT DISTINCT employee FROM heard_assignment
WHERE instansi = $1 AND NOT void AND unit = ANY($2::uuid[]) AND (valid_to IS NULL OR valid_to >= $3::date - 1)
"""
_IN_USE = """
SELECT (SELECT count(DISTINCT employee) FROM heard_assignment
        WHERE instansi = $1 AND unit = $2 AND NOT void AND coalesce(valid_to, 'infinity') > $3::date),
       (SELECT count(*) FROM units WHERE instansi = $1 AND parent = $2 AND coalesce(last_day, 'infinity') > $3::date)
"""


class PostIn(Body):
    """The position of somebody who does not keep theirs."""

    employee: PersonRef
    position: Code


class StepIn(Body):
    """From `day` on the people of `units` work in `into`, which is made as said when it does not exist, with the position
    and superior they have.

    `people`: only these. `head`: who leads `into`; whoever reported to a head of before then reports to them. `superior`:
    whom the head reports to, or, without a head, those whose superior does not go with them.
    """

    day: Day
    units: Annotated[list[Code], Field(min_length=1, max_length=100)]
    into: UnitIn
    people: Annotated[list[PersonRef] | None, Field(max_length=2000)] = None
    head: PersonRef | None = None
    superior: PersonRef | None = None
    posts: list[PostIn] = Field([], max_length=500)


class Placed(BaseModel):
    """A person's place from the day on; `unit` None: an acting post that ends. Units and positions are codes."""

    employee: UUID
    from_unit: str
    unit: str | None
    position: str | None
    superior: UUID | None


class Reorganised(BaseModel):
    """Whether the unit was made, the placements this call made, and how many are left for the next one; 0: all of it is done."""

    made: bool
    people: list[Placed]
    left: int


class CloseIn(Body):
    """The last day of a unit, included; null opens it again."""

    last_day: Day | None


class ClosedUnit(BaseModel):
    """A unit and its last day."""

    id: UUID
    code: str
    last_day: date | None


@router.post("/reorganisation")
async def go(body: StepIn, context: ContextDep, db: DbDep, dry_run: DryRun = False) -> Reorganised:
    """Carry out up to 500 placements of a step; call it again until none is left. Again it changes nothing."""

    async def work(conn: AsyncConnection) -> Reorganised:
        await store.hold(conn, context.instansi)
        before, step = await _understood(conn, context.instansi, body)
        known = replace(before, units={**before.units, step.into.id: step.into})
        made = step.into.id not in before.units
        changes = reorganise(known, step)
        part = changes[:AT_ONCE]
        wanted = [record for change in part for record in change.records]
        for refusal in misplaced(known.assignments, dict(enumerate(wanted))).values():
            raise refusal
        if not dry_run:
            await store.write(conn, context, [step.into, *wanted] if made else wanted)
        return Reorganised(made=made, people=await _shown(conn, known, part), left=len(changes) - len(part))

    return await db.run(work, context.instansi)


async def _understood(conn: AsyncConnection, instansi: str, body: StepIn) -> tuple[Known, Step]:
    refs = [ref for ref in (body.head, body.superior, *(body.people or ()), *(p.employee for p in body.posts)) if ref]
    names = store.Names(positions={post.position for post in body.posts})
    names.positions |= {body.into.head_position} if body.into.head_position else set()
    for ref in refs:
        said = person_said(ref, "people")
        names.person(said.get("nip"), said.get("outside") or {}, said.get("id"))
    known = await store.known(conn, instansi, names)
    into = _target(known, body.into)
    check_open(into, body.day)
    units = frozenset(_unit(known, code).id for code in body.units)
    below = frozenset(await units_below(conn, instansi, [*units, into.id]))
    concerned = {row[0] for row in await fetch(conn, _CONCERNED, instansi, list(below), body.day)}
    known = replace(known, assignments=await store.assignments_of(conn, instansi, concerned | known.employees.keys()))
    people = People(known.employees.values())

    def one(ref: PersonRef, field: str) -> UUID:
        found = who(known, people, field, person_said(ref, field))
        if found is None:
            raise EmployeeUnknown("Pegawai belum terdaftar. / The employee is not in the directory.", field=field)
        return found

    return known, Step(
        day=body.day,
        units=units,
        into=into,
        below=below,
        people=None if body.people is None else frozenset(one(ref, "people") for ref in body.people),
        head=one(body.head, "head") if body.head else None,
        superior=one(body.superior, "superior") if body.superior else None,
        posts={one(post.employee, "posts"): _position(known, post.position) for post in body.posts},
    )


def _target(known: Known, said: UnitIn) -> Unit:
    """The unit as it is, or as it will be made."""
    if known.unit_id(said.code) in known.units:
        return _unit(known, said.code)
    plan = plan_units(known, {0: said.model_dump(exclude_unset=True)}, known.positions.keys())
    for refusal in plan.refused.values():
        raise refusal
    return plan.records[0]


def _unit(known: Known, code: str) -> Unit:
    unit = known.units.get(known.unit_id(code))
    if unit is None:
        raise UnitUnknown("Unit belum terdaftar. / The unit is not in the directory.", field="units", unit=code)
    return unit


def _position(known: Known, code: str) -> UUID:
    id = known.position_id(code)
    if id not in known.positions:
        raise PositionUnknown("Jabatan belum terdaftar. / The position is not in the directory.", field="posts")
    return id


async def _shown(conn: AsyncConnection, known: Known, changes: Sequence[Change]) -> list[Placed]:
    held = {change.after.position for change in changes if change.after}
    positions = await store.positions_of(conn, known.instansi, ids=held)
    return [
        Placed(
            employee=change.before.employee,
            from_unit=known.units[change.before.unit].code,
            unit=known.units[change.after.unit].code if change.after else None,
            position=positions[change.after.position].code if change.after else None,
            superior=change.after.superior if change.after else None,
        )
        for change in changes
    ]


@router.post("/units/{code}/close")
async def close(code: Code, body: CloseIn, context: ContextDep, db: DbDep) -> ClosedUnit:
    """Say the last day of a unit in which nobody works afterwards, and below which no unit stays; it stays readable."""

    async def work(conn: AsyncConnection) -> ClosedUnit:
        await store.hold(conn, context.instansi)
        known = await store.known(conn, context.instansi, store.Names())
        old = _unit(known, code)
        new = replace(old, last_day=body.last_day)
        if body.last_day is not None:
            await _check_empty(conn, context, new)
        elif old.parent is not None:
            check_open(known.units[old.parent], date.max)
        if new != old:
            await store.write(conn, context, [new])
        return ClosedUnit(id=new.id, code=new.code, last_day=new.last_day)

    return await db.run(work, context.instansi)


async def _check_empty(conn: AsyncConnection, context: Context, unit: Unit) -> None:
    [(people, units)] = await fetch(conn, _IN_USE, context.instansi, unit.id, unit.last_day)
    if people or units:
        raise UnitInUse(
            "Masih ada pegawai atau unit di bawahnya sesudah hari itu: pindahkan dulu. / "
            "People work in it after that day, or units stay below it: move them first.",
            people=people,
            units=units,
        )
