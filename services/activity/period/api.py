"""Closing a period, and seeing which are closed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from sqlalchemy import Select, select

from services.activity.period.sealing import advance, begin
from services.activity.period.tables import PeriodRow
from shared.eventstore.rows import table_of
from shared.web.auth import Caller, CallerDep, requires
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["periods"])

_TABLE = table_of(PeriodRow)

Hr = Annotated[Caller, Depends(requires("hr"))]


class PeriodState(BaseModel):
    """A period that is being closed (`sealing`: waiting entries are verifiable until a day) or is closed (`sealed`)."""

    period: str
    status: str
    called_by: UUID | None
    called_at: datetime
    verifiable_until: date
    sealed_at: datetime | None
    employees: int
    entries: int
    lapsed: int


@router.post("/periods/{period}/seal")
async def seal(period: str, caller: Hr, context: ContextDep, db: DbDep, response: Response) -> PeriodState:
    """Close a period: nothing new comes in from now on. 202 while entries may still be verified, 200 when it is sealed."""
    await db.run(lambda conn: begin(conn, context, period), context.instansi)
    await advance(db, context, period)
    async with db.transaction(context.instansi) as conn:
        found = await conn.execute(_of(context.instansi).where(_TABLE.c.period == period))
    state = PeriodState.model_validate(found.mappings().one())
    response.status_code = 200 if state.status == "sealed" else 202
    return state


@router.get("/periods")
async def periods(caller: CallerDep, db: DbDep, paging: PagingDep) -> Page[PeriodState]:
    """The periods that are being closed or are closed, newest first."""
    after = paging.after(str)
    async with db.transaction(caller.instansi) as conn:
        asked = _of(caller.instansi).order_by(_TABLE.c.period.desc()).limit(paging.limit + 1)
        rows = await conn.execute(asked.where(_TABLE.c.period < after[0]) if after else asked)
    found = [PeriodState.model_validate(row) for row in rows.mappings()]
    return paging.page(found, lambda state: (state.period,))


def _of(instansi: str) -> Select[Any]:
    return select(_TABLE).where(_TABLE.c.instansi == instansi)
