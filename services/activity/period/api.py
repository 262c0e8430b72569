"""Closing a period, and seeing which are closed."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from services.activity.period.sealing import advance, begin
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, CallerDep, requires
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["periods"])

Hr = Annotated[Caller, Depends(requires("hr"))]

_PERIODS = """
SELECT period, status, called_by, called_at, verifiable_until, sealed_at, employees, entries, lapsed
FROM activity_period WHERE instansi = $1 AND ($2::text IS NULL OR period < $2) ORDER BY period DESC LIMIT $3
"""
_ONE = _PERIODS.replace("period < $2", "period = $2")


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
        [row] = await fetch(conn, _ONE, context.instansi, period, 1)
    state = _state(row)
    response.status_code = 200 if state.status == "sealed" else 202
    return state


@router.get("/periods")
async def periods(caller: CallerDep, db: DbDep, paging: PagingDep) -> Page[PeriodState]:
    """The periods that are being closed or are closed, newest first."""
    after = paging.after(str)
    async with db.transaction(caller.instansi) as conn:
        rows = await fetch(conn, _PERIODS, caller.instansi, after[0] if after else None, paging.limit + 1)
    return paging.page([_state(row) for row in rows], lambda state: (state.period,))


def _state(row: Any) -> PeriodState:
    names = PeriodState.model_fields
    return PeriodState(**dict(zip(names, row, strict=True)))
