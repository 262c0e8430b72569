"""Newest versions of what activity told."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.appraisal.tables import AppraisalTable


class HeardEntry(AppraisalTable, table=True):
    """One entry."""

    __tablename__ = "heard_entry"

    instansi: str = Field(primary_key=True)
    entry: UUID = Field(primary_key=True)
    epoch: int
    version: int
    employee: UUID
    period: str
    day: date
    indicator: UUID | None
    quantity: Decimal
    minutes: int | None
    status: str
    verdict: str | None
    late: bool
    unit: UUID | None
    lapsed_by: UUID | None
    origin: str


class HeardServiceRecord(AppraisalTable, table=True):
    """One public-service transaction; `period` is that of its completion, None while it is open."""

    __tablename__ = "heard_service_record"

    instansi: str = Field(primary_key=True)
    record: UUID = Field(primary_key=True)
    epoch: int
    version: int
    officer: UUID
    period: str | None
    product: str
    unit: UUID | None
    started: datetime
    due: datetime | None
    completed: datetime | None
    on_time: bool | None


class HeardSatisfaction(AppraisalTable, table=True):
    """The satisfaction index (IKM) of a unit and period."""

    __tablename__ = "heard_satisfaction"

    instansi: str = Field(primary_key=True)
    unit: UUID = Field(primary_key=True)
    period: str = Field(primary_key=True)
    epoch: int
    version: int
    respondents: int
    value: Decimal


class HeardSeal(AppraisalTable, table=True):
    """One part of what a sealed period adds up to, per employee."""

    __tablename__ = "heard_seal"

    instansi: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    part: int = Field(primary_key=True)
    epoch: int
    version: int
    parts: int
    sealed_by: UUID | None
    employees: dict[str, Any] = Field(sa_type=JSONB)
