"""A whole roster: rows of people with unit, position and superior, in batches; and who is no longer in it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.assignment.models import AssignmentKind
from services.directory.batch import Planned, Results, carry_out
from services.directory.employee.models import EmployeeKind
from services.directory.fields import Email, NipText, Outside, OutsideRef, Phone, nips_read
from services.directory.reading import dicts
from services.directory.rules.plan import Said
from services.directory.rules.roster import plan_roster
from shared.eventstore.rows import fetch
from shared.ids import fresh_id
from shared.web.auth import requires
from shared.web.batch import Batch, DryRun
from shared.web.edge import AnytimeDbDep, ContextDep, DbDep
from shared.web.fields import Body, Code, Day, Line
from shared.web.paging import Page, PagingDep

router = APIRouter(prefix="/roster", tags=["roster"])

HR = Depends(requires("hr", "system"))
_SHOWN = 1000
_NIL = UUID(int=0)
_ROSTER = """
SELECT e.id AS employee, e.nip, e.name, e.kind, e.email, e.phone, e.language, a.id AS assignment, u.code AS unit_code,
       p.code AS position_code, a.superior, a.kind AS assignment_kind, a.valid_from, a.valid_to,
       coalesce((SELECT jsonb_object_agg(o.system, o.outside) FROM outside_ids o
                 WHERE o.instansi = e.instansi AND o.employee = e.id), '{}') AS outside
FROM employees e
LEFT JOIN heard_assignment a ON a.instansi = e.instansi AND a.employee = e.id AND NOT a.void
      AND coalesce(a.valid_to, 'infinity') >= $2::date
LEFT JOIN units u ON u.instansi = e.instansi AND u.id = a.unit
LEFT JOIN positions p ON p.instansi = e.instansi AND p.id = a.position
WHERE e.instansi = $1 AND e.active AND (a.id IS NOT NULL OR e.kind = 'NON_ASN')
  AND ($3::text[] IS NULL OR u.code = ANY ($3)) AND (e.id, coalesce(a.id, $6)) > ($4::uuid, $5::uuid)
ORDER BY e.id, a.id LIMIT $7
"""


class RosterRow(Body):
    """A row of a roster. A cell left out or null says nothing; only a null superior says that there is none.

    NON_ASN superiors (a bupati) need no unit, position or first day. `unit_head` marks the position as the unit's head.
    """

    nip: NipText | None = None
    outside: Outside | None = None
    name: Line | None = None
    kind: EmployeeKind | None = None
    email: Email | None = None
    phone: Phone | None = None
    unit_code: Code | None = None
    unit_name: Line | None = None
    unit_parent_code: Code | None = None
    unit_head: bool | None = None
    position_code: Code | None = None
    position_title: Line | None = None
    position_kind: Literal["JPT", "JA", "JF"] | None = None
    position_level: Annotated[str, Field(max_length=40)] | None = None
    superior_nip: NipText | None = None
    superior_outside: OutsideRef | None = None
    assignment_kind: AssignmentKind | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None


@router.post("/batch", dependencies=[HR])
async def roster_batch(
    request: Request, body: Batch, context: ContextDep, db: DbDep, dry_run: DryRun = False
) -> Results:
    """Enter rows of a roster; a superior or unit above may stand later in the batch.

    The id answered is the person's. Rows refused as `superior-unknown` or `parent-unknown` may only wait for a later
    batch: send them again after the last one, for as long as that changes anything. Rows of one person go together.
    """
    return await carry_out(request, db, replace(context, origin="import"), body, _said, _plan, dry_run)


def _said(item: Any) -> Said:
    row = RosterRow.model_validate(item)
    said = nips_read(row.model_dump(exclude_unset=True), "nip", "superior_nip")
    if row.superior_outside is not None:
        said["superior_outside"] = {row.superior_outside.system: row.superior_outside.id}
    return said


async def _plan(conn: AsyncConnection, instansi: str, rows: Mapping[int, Said]) -> Planned:
    names = store.Names(positions={row["position_code"] for row in rows.values() if row.get("position_code")})
    for row in rows.values():
        names.person(row.get("nip"), row.get("outside") or {})
        names.person(row.get("superior_nip"), row.get("superior_outside") or {})
    known = await store.known(conn, instansi, names)
    return Planned(known, *plan_roster(known, rows, {index: fresh_id() for index in rows}))


class RosterOut(BaseModel):
    """A person and one placement that lasts beyond a day; without a placement: a superior from outside the service."""

    employee: UUID
    nip: str | None
    outside: dict[str, str]
    name: str
    kind: str
    email: str | None
    phone: str | None
    language: str
    assignment: UUID | None
    unit_code: str | None
    position_code: str | None
    superior: UUID | None
    assignment_kind: str | None
    valid_from: date | None
    valid_to: date | None


@router.get("", dependencies=[HR])
async def get_roster(
    day: Day,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    units: Annotated[list[Code] | None, Query(max_length=500, description="only placements in these units")] = None,
) -> Page[RosterOut]:
    """Active people with each placement that lasts until `day` or longer: all that another directory has to be told."""
    after = paging.after(UUID, UUID) or (_NIL, _NIL)
    async with db.transaction(context.instansi) as conn:
        rows = await dicts(conn, _ROSTER, context.instansi, day, units, *after, _NIL, paging.limit + 1)
    return paging.page([RosterOut(**row) for row in rows], lambda row: (row.employee, row.assignment or _NIL))


class Everybody(Body):
    """Everybody in a file."""

    nips: list[NipText] = Field([], max_length=60_000)
    outside: list[OutsideRef] = Field([], max_length=20_000)


class Absent(BaseModel):
    """How many active people of the directory are not in the file, and who (the first 1000)."""

    count: int
    ids: list[UUID]


@router.post("/absent", dependencies=[HR])
async def absent(body: Everybody, context: ContextDep, db: AnytimeDbDep) -> Absent:
    """Who is active in the directory and not in the file."""
    nips = ["".join(nip.split()) for nip in body.nips]
    systems, ids = [ref.system for ref in body.outside], [ref.id for ref in body.outside]
    sql = """
        SELECT e.id, count(*) OVER () FROM employees e
        WHERE e.instansi = $1 AND e.active AND (e.nip IS NULL OR e.nip <> ALL($2::text[])) AND NOT EXISTS (
            SELECT FROM outside_ids o JOIN unnest($3::text[], $4::text[]) AS f(system, outside) USING (system, outside)
            WHERE o.instansi = $1 AND o.employee = e.id)
        ORDER BY e.id LIMIT $5
    """
    async with db.transaction(context.instansi) as conn:
        rows = await fetch(conn, sql, context.instansi, nips, systems, ids, _SHOWN)
    return Absent(count=rows[0][1] if rows else 0, ids=[row[0] for row in rows])
