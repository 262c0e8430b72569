"""Enrolments as people read them, and the certificates that may be used only once."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.enrolment.decider import State
from services.training.tables import TrainingTable
from shared.eventstore.decider import Recorded
from shared.eventstore.rows import fetch


class EnrolmentRow(TrainingTable, table=True):
    """One enrolment; `certificate` and `reason` are ids of texts, `jp` is None until completion."""

    __tablename__ = "enrolment"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    course: UUID
    plan: UUID
    needs: list[UUID] = Field(sa_type=JSONB)
    competencies: list[str] = Field(sa_type=JSONB)
    status: str
    starts: date | None
    completed: date | None
    jp: int | None
    certificate: UUID | None
    file_hash: str | None
    levels: dict[str, int] = Field(sa_type=JSONB)
    reason: UUID | None = Field(description="the text that says why it was cancelled")
    changed_at: datetime


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of an enrolment."""
    enrolled, completed = state.enrolled, state.completed
    assert enrolled is not None, "an enrolment begins with its seat"
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "employee": enrolled.employee,
        "course": enrolled.course,
        "plan": enrolled.plan,
        "needs": list(enrolled.needs),
        "competencies": list(enrolled.competencies),
        "status": state.status,
        "starts": enrolled.starts,
        "completed": completed.on if completed else None,
        "jp": completed.jp if completed else None,
        "certificate": completed.certificate.id if completed else None,
        "file_hash": completed.file_hash if completed else None,
        "levels": dict(state.levels),
        "reason": state.cancelled.reason.id if state.cancelled else None,
        "changed_at": at.recorded_at,
    }


async def taken_in_vain(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """For each need, the courses that its employee completed already."""
    sql = """
        SELECT n.need::uuid, e.course FROM enrolment e, jsonb_array_elements_text(e.needs) AS n(need)
        WHERE e.instansi = $1 AND e.employee = ANY($2::uuid[]) AND e.completed IS NOT NULL
    """
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for need, course in await fetch(conn, sql, instansi, list(employees)):
        found[need].add(course)
    return found
