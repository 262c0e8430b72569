"""The rows of service records that people read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from services.activity.service_record.decider import State
from services.activity.tables import ActivityTable
from shared.eventstore.decider import Recorded


class ServiceRecordRow(ActivityTable, table=True):
    """One public-service transaction; `period` is that of its completion."""

    __tablename__ = "service_record"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    product: str
    officer: UUID
    unit: UUID | None
    started: datetime
    due: datetime | None
    completed: datetime | None
    period: str | None
    on_time: bool | None
    imported: bool
    changed_at: datetime


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of a record."""
    assert state is not None, "after an event there is a record"
    service = state.service
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "product": service.product,
        "officer": service.officer,
        "unit": service.unit,
        "started": service.started,
        "due": service.due,
        "completed": service.completed,
        "period": state.period,
        "on_time": state.on_time,
        "imported": state.imported,
        "changed_at": at.recorded_at,
    }
