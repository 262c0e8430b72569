"""A whole roster: rows of people with unit, position and superior, in batches; and who is no longer in it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.assignment.models import AssignmentKind
from services.directory.batch import Planned, Results, carry_out
from services.directory.employee.models import EmployeeKind
from services.directory.fields import Email, NipText, Outside, OutsideRef, Phone, nips_read
from services.directory.rules.plan import Said
from services.directory.rules.roster import plan_roster
from shared.eventstore.rows import fetch
from shared.ids import fresh_id
from shared.web.auth import requires
from shared.web.batch import Batch, DryRun
from shared.web.edge import AnytimeDbDep, ContextDep, DbDep
from shared.web.fields import Body, Code, Day, Line

router = APIRouter(prefix="/roster", tags=["roster"])

HR = Depends(requires("hr", "system"))
_SHOWN = 1000


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
