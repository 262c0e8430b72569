"""Reviews as rows: `review` is computed from facts, `review_record` folds what people and the closing added."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.appraisal.review.decider import State
from services.appraisal.review.events import Measured, ReviewClosed
from services.appraisal.tables import AppraisalTable
from shared.calendar import Period
from shared.eventstore.decider import Recorded
from shared.ids import derived_id

MEASURED: TypeAdapter[tuple[Measured, ...]] = TypeAdapter(tuple[Measured, ...])
CLOSED: TypeAdapter[ReviewClosed] = TypeAdapter(ReviewClosed)


class ReviewRow(AppraisalTable, table=True):
    """The computed score of one employee and period.

    `expected`: the person held a definitive post in the period, which was opened for everybody (`listed`) or has facts;
    other rows measure nothing and are shown nowhere. `version` rises with each change of what the row says.
    """

    __tablename__ = "review"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    period: str
    state: str
    listed: bool
    expected: bool
    provisional: bool
    percent: Decimal | None
    recommendation: str | None
    measured: int
    not_measured: int
    waiting: int
    rule: str
    rule_version: str
    plan_revision: int | None
    band_changes: int
    imported: bool
    indicators: list[dict[str, Any]] = Field(sa_type=JSONB)


class ReviewRecordRow(AppraisalTable, table=True):
    """What people and the closing added to a review."""

    __tablename__ = "review_record"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    employee: UUID
    period: str
    manual: dict[str, Any] = Field(sa_type=JSONB)
    work_result: str | None
    behaviour: str | None
    predicate: str | None
    recommended: str | None
    rated_by: UUID | None
    text: UUID | None
    closed: dict[str, Any] | None = Field(sa_type=JSONB)
    closed_on: date | None
    percent: Decimal | None
    adjustments: int


def review_id(instansi: str, employee: UUID, period: str) -> UUID:
    """The one id of this employee's review of this period."""
    first = Period.parse(period).first_day
    at = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return derived_id(at, "review", instansi, str(employee), period)


def row(state: State, at: Recorded) -> dict[str, Any]:
    """The row of what was added to a review."""
    rating = state.rating
    return {
        "instansi": at.instansi,
        "id": at.stream,
        "version": at.version,
        "employee": state.employee,
        "period": state.period,
        "manual": {
            str(indicator): {
                "value": str(stated.value),
                "note": str(stated.note.id) if stated.note else None,
                "confirmed": stated.confirmed,
            }
            for indicator, stated in state.manual.items()
        },
        "work_result": rating.work_result.value if rating else None,
        "behaviour": rating.behaviour.value if rating else None,
        "predicate": rating.predicate.value if rating else None,
        "recommended": rating.recommended.value if rating and rating.recommended else None,
        "rated_by": rating.rated_by if rating else None,
        "text": rating.text.id if rating and rating.text else None,
        "closed": CLOSED.dump_python(state.closed, mode="json") if state.closed else None,
        "closed_on": state.closed.closed_on if state.closed else None,
        "percent": state.percent,
        "adjustments": state.adjustments,
    }
