"""The rows of entries that people read."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.activity.entry.decider import State
from services.activity.tables import ActivityTable
from shared.eventstore.decider import Recorded
from shared.eventstore.rows import fetch


class EntryRow(ActivityTable, table=True):
    """One entry. `description` and `decided_text` are ids of texts."""

    __tablename__ = "entry"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    day: date
    period: str
    status: str
    indicator: UUID | None
    quantity: Decimal
    minutes: int | None
    activity: str | None
    unit: UUID | None
    description: UUID | None
    late: bool
    verdict: str | None
    decided_by: UUID | None
    decided_text: UUID | None
    lapsed_by: UUID | None
    done_at: datetime | None
    received_at: datetime
    changed_at: datetime


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of an entry."""
    assert state is not None, "after an event there is an entry"
    content = state.content
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "employee": state.employee,
        "day": content.day,
        "period": state.period,
        "status": state.status,
        "indicator": content.indicator,
        "quantity": content.quantity,
        "minutes": content.minutes,
        "activity": content.activity,
        "unit": content.unit,
        "description": content.description.id if content.description else None,
        "late": state.late,
        "verdict": state.verdict,
        "decided_by": state.decided_by,
        "decided_text": state.decided_text.id if state.decided_text else None,
        "lapsed_by": state.lapsed_by,
        "done_at": content.done_at,
        "received_at": state.received_at,
        "changed_at": at.recorded_at,
    }


async def people_and_days(
    conn: AsyncConnection, instansi: str, entries: Collection[UUID]
) -> dict[UUID, tuple[UUID, date]]:
    """Whose work of which day each of these entries is; unknown ones are missing."""
    sql = "SELECT id, employee, day FROM entry WHERE instansi = $1 AND id = ANY($2::uuid[])"
    return {row[0]: (row[1], row[2]) for row in await fetch(conn, sql, instansi, list(entries))}
