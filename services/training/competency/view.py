"""Confirmed levels as people read them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.competency.decider import State
from services.training.tables import TrainingTable
from shared.eventstore.decider import Recorded
from shared.eventstore.rows import fetch


class CompetencyRow(TrainingTable, table=True):
    """The newest confirmed level of one employee in one competency; `reason` is the id of a text."""

    __tablename__ = "competency"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    competency: str
    level: int
    confirmed_by: UUID
    confirmed_on: date
    reason: UUID
    enrolment: UUID | None


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of a competency."""
    newest = state.newest
    assert newest is not None, "a competency begins with its confirmation"
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "employee": newest.employee,
        "competency": newest.competency,
        "level": newest.level,
        "confirmed_by": newest.by,
        "confirmed_on": newest.on,
        "reason": newest.reason.id,
        "enrolment": newest.enrolment,
    }


async def is_known(conn: AsyncConnection, instansi: str, competency: str) -> bool:
    """Whether some position requires this competency, a course raises it, or a need asks for it."""
    sql = """
        SELECT EXISTS (SELECT FROM heard_position WHERE instansi = $1 AND requires ? $2)
            OR EXISTS (SELECT FROM course WHERE instansi = $1 AND competencies ? $2)
            OR EXISTS (SELECT FROM need WHERE instansi = $1 AND competency = $2)
    """
    return bool((await fetch(conn, sql, instansi, competency))[0][0])
