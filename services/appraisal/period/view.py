"""Periods that are being closed or are closed."""

from datetime import UTC, datetime
from uuid import UUID

from sqlmodel import Field

from services.appraisal.tables import AppraisalTable
from shared.calendar import Period
from shared.ids import derived_id


class PeriodRow(AppraisalTable, table=True):
    """`waiting`: closing was asked for, facts are still on their way; `closing`: reviews are being closed; `closed`.

    `alarmed_at`: when the log last said that facts are missing. `correlation_id`: of the request, none before 0005.
    """

    __tablename__ = "period"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    period: str
    status: str
    requested_by: UUID | None
    requested_at: datetime
    closed_at: datetime | None
    alarmed_at: datetime | None
    expected: int | None
    rated: int | None
    not_rated: int | None
    not_measured: int | None
    correlation_id: str | None


def period_id(instansi: str, period: Period) -> UUID:
    """The one id of this period of the instansi."""
    first = period.first_day
    return derived_id(datetime(first.year, first.month, first.day, tzinfo=UTC), "period", instansi, str(period))
