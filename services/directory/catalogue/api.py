"""The tree of units and the positions in it: entered by HR, read by everybody of the instansi."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.batch import Planned, Results, carry_out, settled
from services.directory.catalogue import queries
from services.directory.reading import today
from services.directory.rules.plan import Said
from services.directory.rules.positions import plan_positions
from services.directory.rules.units import plan_units
from shared.web.auth import requires
from shared.web.batch import Batch, DryRun
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body, Code, Line, Whole
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["units and positions"])

HR = Depends(requires("hr", "system"))
Level = Annotated[Whole, Field(ge=1, le=5)]


class UnitIn(Body):
    """A unit by its code; `parent` and `head_position` are codes, null for none; what is left out stays."""

    code: Code
    name: Line | None = None
    parent: Code | None = None
    head_position: Code | None = None


class PositionIn(Body):
    """A position by its code; `requires` are the competency levels of its standard by competency code."""

    code: Code
    title: Line | None = None
    kind: Literal["JPT", "JA", "JF"] | None = None
    level: Annotated[str, Field(max_length=40)] | None = None
    requires: Annotated[dict[Code, Level], Field(max_length=200)] | None = None


class UnitOut(BaseModel):
    """A unit; `head` holds its head position today; after `last_day` it is closed."""

    id: UUID
    code: str
    name: str
    parent: UUID | None
    head_position: UUID | None
    last_day: date | None
    head: UUID | None


class PositionOut(BaseModel):
    """A position."""

    id: UUID
    code: str
    title: str
    kind: str
    level: str
    requires: dict[str, int]


@router.post("/units/batch", dependencies=[HR])
async def units_batch(
    request: Request, body: Batch, context: ContextDep, db: DbDep, dry_run: DryRun = False
) -> Results:
    """Enter or change units; a parent may stand later in the batch."""
    return await carry_out(request, db, context, body, _unit_said, _units, dry_run)


def _unit_said(item: Any) -> Said:
    return UnitIn.model_validate(item).model_dump(exclude_unset=True)


async def _units(conn: AsyncConnection, instansi: str, items: Mapping[int, Said]) -> Planned:
    heads = {said["head_position"] for said in items.values() if said.get("head_position")}
    known = await store.known(conn, instansi, store.Names(positions=heads))
    return settled(known, items, lambda live: plan_units(known, live, known.positions.keys()))


@router.post("/positions/batch", dependencies=[HR])
async def positions_batch(
    request: Request, body: Batch, context: ContextDep, db: DbDep, dry_run: DryRun = False
) -> Results:
    """Enter or change positions."""
    return await carry_out(request, db, context, body, _position_said, _positions, dry_run)


def _position_said(item: Any) -> Said:
    return PositionIn.model_validate(item).model_dump(exclude_unset=True)


async def _positions(conn: AsyncConnection, instansi: str, items: Mapping[int, Said]) -> Planned:
    known = await store.known(conn, instansi, store.Names(positions={said["code"] for said in items.values()}))
    return settled(known, items, lambda live: plan_positions(known, live))


@router.get("/units")
async def get_units(
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    parent: UUID | None = None,
    code: Annotated[str | None, Query(max_length=64)] = None,
) -> Page[UnitOut]:
    """Units by code; with `parent` only those right below it."""
    after = paging.after(str)
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        wanted = (parent, code, after[0] if after else "", paging.limit + 1)
        rows = await queries.units(conn, context.instansi, day, *wanted)
    return paging.page([UnitOut(**row) for row in rows], lambda unit: (unit.code,))


@router.get("/positions")
async def get_positions(
    context: ContextDep, db: DbDep, paging: PagingDep, code: Annotated[str | None, Query(max_length=64)] = None
) -> Page[PositionOut]:
    """Positions by code."""
    after = paging.after(str)
    async with db.transaction(context.instansi) as conn:
        rows = await queries.positions(conn, context.instansi, code, after[0] if after else "", paging.limit + 1)
    return paging.page([PositionOut(**row) for row in rows], lambda position: (position.code,))
