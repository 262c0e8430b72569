"""Periods that are being closed or are closed; one that is open has no row."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Field

from services.activity.tables import ActivityTable


class PeriodRow(ActivityTable, table=True):
    """`sealing`: nothing new, waiting entries verifiable until a day; `sealed`: done. `stale`: to be told again."""

    __tablename__ = "activity_period"

    instansi: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    status: str
    called_by: UUID | None
    called_at: datetime
    verifiable_until: date
    sealed_at: datetime | None
    stale: bool
    employees: int
    entries: int
    lapsed: int
