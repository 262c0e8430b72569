"""Development plans as people read them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.development_plan.decider import State
from services.training.development_plan.events import Item
from services.training.tables import TrainingTable
from shared.eventstore.decider import Recorded
from shared.eventstore.rows import fetch


class DevelopmentPlanRow(TrainingTable, table=True):
    """One plan; `items` are the waiting and the approved ones."""

    __tablename__ = "development_plan"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    year: int
    status: str
    items: list[dict[str, Any]] = Field(sa_type=JSONB)
    decided_by: UUID | None
    reason: UUID | None = Field(description="the text that says why it was returned, or approved by hr")
    changed_at: datetime


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of a plan."""
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "employee": state.employee,
        "year": state.year,
        "status": state.status,
        "items": _items(state),
        "decided_by": state.decided_by,
        "reason": state.reason.id if state.reason else None,
        "changed_at": at.recorded_at,
    }


def _items(state: State) -> list[dict[str, Any]]:
    waiting = {item.need for item in state.waiting}
    shown = [(item, "waiting") for item in state.waiting]
    shown += [
        (item, "ended" if item.need in state.ended else "approved")
        for item in state.approved
        if item.need not in waiting
    ]
    return [_item(item, status) for item, status in sorted(shown, key=lambda pair: pair[0].need)]


def _item(item: Item, status: str) -> dict[str, Any]:
    return {
        "need": item.need,
        "competency": item.competency,
        "course": item.course,
        "status": status,
        "chosen": item.chosen,
    }


async def plans_of(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> list[tuple[UUID, int]]:
    """(employee, year) of every plan these people have."""
    sql = "SELECT employee, year FROM development_plan WHERE instansi = $1 AND employee = ANY($2::uuid[])"
    return [(row[0], row[1]) for row in await fetch(conn, sql, instansi, list(employees))]
