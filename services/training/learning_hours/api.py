"""HTTP of the learning hours (JP) of a year."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from services.training.rules.learning_hours import Kind, balance
from shared.errors import NotFound
from shared.eventstore.rows import fetch
from shared.people.sight import check_in_sight
from shared.web.auth import CallerDep
from shared.web.edge import ContextDep, DbDep

router = APIRouter(prefix="/employees", tags=["learning hours"])


@router.get("/{employee}/jp")
async def show_balance(
    employee: UUID,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    year: Annotated[int | None, Query(ge=2000, le=2999, description="this year when left out")] = None,
) -> dict[str, Any]:
    """Completed JP of a year against the minimum (PNS, CPNS) or the cap (PPPK), with the rule and its legal source."""
    async with db.transaction(context.instansi) as conn:
        day = await today(conn, context)
        await check_in_sight(conn, caller, employee, day)
        asked = year or day.year
        kind = await _kind(conn, context.instansi, employee)
        result = balance(kind, await _completed(conn, context.instansi, employee, asked))
    return {"employee": employee, "kind": kind, "year": asked, **asdict(result)}


async def _kind(conn: AsyncConnection, instansi: str, employee: UUID) -> Kind:
    rows = await fetch(conn, "SELECT kind FROM heard_employee WHERE instansi = $1 AND id = $2", instansi, employee)
    if not rows:
        raise NotFound("Pegawai ini tidak dikenal. / There is no such employee.")
    kind: Kind = rows[0][0]
    return kind


async def _completed(conn: AsyncConnection, instansi: str, employee: UUID, year: int) -> int:
    sql = """
        SELECT coalesce(sum(jp), 0)::int FROM enrolment
        WHERE instansi = $1 AND employee = $2 AND extract(year FROM completed) = $3
    """
    return int((await fetch(conn, sql, instansi, employee, year))[0][0])
