"""Plans as people and recomputes read them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.appraisal.plan.decider import State
from services.appraisal.plan.events import WorkResult
from services.appraisal.tables import AppraisalTable
from shared.eventstore.decider import Recorded
from shared.eventstore.rows import fetch
from shared.ids import derived_id

RESULTS: TypeAdapter[tuple[WorkResult, ...]] = TypeAdapter(tuple[WorkResult, ...])


class PlanRow(AppraisalTable, table=True):
    """One plan: what waits (`proposal`) and what is in force (`agreed`)."""

    __tablename__ = "plan"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    year: int
    status: str
    revision: int
    proposal_revision: int | None
    agreed_revision: int | None
    proposed_by: UUID | None
    waits_for: UUID | None
    source: str | None
    proposal: list[dict[str, Any]] | None = Field(sa_type=JSONB)
    agreed: list[dict[str, Any]] | None = Field(sa_type=JSONB)


def plan_id(instansi: str, employee: UUID, year: int) -> UUID:
    """The one id of this employee's plan of this year."""
    return derived_id(datetime(year, 1, 1, tzinfo=UTC), "plan", instansi, str(employee))


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of a plan."""
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "employee": state.employee,
        "year": state.year,
        "status": state.status,
        "revision": state.revision,
        "proposal_revision": state.proposal_revision,
        "agreed_revision": state.agreed_revision,
        "proposed_by": state.proposed_by,
        "waits_for": state.waits_for,
        "source": state.source,
        "proposal": None if state.proposal is None else RESULTS.dump_python(state.proposal, mode="json"),
        "agreed": None if state.agreed is None else RESULTS.dump_python(state.agreed, mode="json"),
    }


async def find(conn: AsyncConnection, instansi: str, employee: UUID, year: int) -> Mapping[str, Any] | None:
    """The plan of an employee and year."""
    sql = "SELECT to_jsonb(p) FROM plan p WHERE instansi = $1 AND id = $2"
    rows = await fetch(conn, sql, instansi, plan_id(instansi, employee, year))
    return rows[0][0] if rows else None
