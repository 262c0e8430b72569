"""Closing periods, and seeing how far that is."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from services.appraisal.bodies import read_period
from services.appraisal.period.close import barrier, request
from shared.errors import NotFound
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, CallerDep, requires
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["periods"])

Hr = Annotated[Caller, Depends(requires("hr"))]

_COLUMNS = "period, status, requested_by, requested_at, closed_at, expected, rated, not_rated, not_measured"
_LIST = f"SELECT {_COLUMNS} FROM period WHERE instansi = $1 AND ($2::text IS NULL OR period < $2) ORDER BY period DESC LIMIT $3"
_ONE = f"SELECT {_COLUMNS} FROM period WHERE instansi = $1 AND period = $2"


class PeriodState(BaseModel):
    """A period of which closing was asked for; the counts are there once it is closed.

    `differing`, while it waits: of how many employees the facts here are not yet those that activity sealed.
    """

    period: str
    status: str
    requested_by: UUID | None
    requested_at: datetime
    closed_at: datetime | None
    expected: int | None
    rated: int | None
    not_rated: int | None
    not_measured: int | None
    differing: int | None = None


@router.post("/periods/{period}/close", status_code=202)
async def close(period: str, caller: Hr, context: ContextDep, db: DbDep, response: Response) -> PeriodState:
    """Close a period that activity has sealed. 202: reviews are being closed, or (`waiting`) facts are still on their way
    and it goes on by itself; 200: it was closed before."""
    await db.run(lambda conn: request(conn, context, read_period(period)), context.instansi)
    state = await _state(db, caller.instansi, period)
    response.status_code = 200 if state.status == "closed" else 202
    return state


@router.get("/periods/{period}")
async def read(period: str, caller: CallerDep, db: DbDep) -> PeriodState:
    """How far the closing of a period is."""
    return await _state(db, caller.instansi, period)


@router.get("/periods")
async def list_periods(caller: CallerDep, db: DbDep, paging: PagingDep) -> Page[PeriodState]:
    """The periods that are being closed or are closed, newest first."""
    after = paging.after(str)
    async with db.transaction(caller.instansi) as conn:
        rows = await fetch(conn, _LIST, caller.instansi, after[0] if after else None, paging.limit + 1)
    return paging.page([_told(row) for row in rows], lambda state: (state.period,))


async def _state(db: Database, instansi: str, period: str) -> PeriodState:
    of = read_period(period)
    async with db.transaction(instansi) as conn:
        rows = await fetch(conn, _ONE, instansi, str(of))
        if not rows:
            raise NotFound("Penutupan periode ini belum diminta. / Nobody asked to close this period.", period=str(of))
        state = _told(rows[0])
        if state.status == "waiting":
            state.differing = (await barrier(conn, instansi, of)).differing
    return state


def _told(row: tuple[object, ...]) -> PeriodState:
    return PeriodState.model_validate(dict(zip(_COLUMNS.split(", "), row, strict=True)))
