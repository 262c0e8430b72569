"""What the directory tells: agencies, units, positions, employees and dated reporting lines. No names, no NIP."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Amount, Code, Count, Message, Renewed

EmployeeKind = Literal["PNS", "PPPK", "CPNS", "NON_ASN"]
AssignmentKind = Literal["definitif", "plt", "plh"]
PositionKind = Literal["JPT", "JA", "JF"]
PeriodKind = Literal["month", "quarter"]


class Policy(BaseModel):
    """The rules an instansi chose; `version` rises with each change and is named by every result computed under it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Count
    period_kind: PeriodKind
    late_after_working_days: int = Field(
        ge=0, description="an entry received later than this after its day is marked late"
    )
    verification_grace_working_days: int = Field(
        ge=0, description="how long waiting entries stay verifiable once hr closes"
    )
    gap_threshold_percent: Amount = Field(description="an indicator of a closed period below this opens a gap")
    score_above_percent: Amount = Field(description="mean achievement from which 'above expectation' is recommended")
    score_meets_percent: Amount = Field(description="mean achievement from which 'meets expectation' is recommended")
    achievement_cap_percent: Amount = Field(description="achievement of one indicator counts at most this")
    daily_summary_at: str = Field(description="HH:MM in the zone of the instansi")


class InstansiChanged(Message):
    """An agency and the rules it works under."""

    TYPE = "directory.instansi.changed"
    REGENERATOR = "row"

    zone: str = Field(description="IANA zone, such as Asia/Jakarta")
    first_day: date = Field(description="the first day for which the instansi uses the system")
    holidays: tuple[date, ...]
    policy: Policy
    suspended: bool = Field(default=False, description="reading goes on, no command is accepted")


class UnitChanged(Message):
    """A node of the unit tree; the head is whoever holds `head_position` in it."""

    TYPE = "directory.unit.changed"
    REGENERATOR = "row"

    unit: UUID
    code: Code
    parent: UUID | None
    head_position: UUID | None
    last_day: date | None = Field(default=None, description="closed after this day; None = it stays")


class PositionChanged(Message):
    """A position (jabatan) and the competency levels 1-5 its standard requires."""

    TYPE = "directory.position.changed"
    REGENERATOR = "row"

    position: UUID
    code: Code
    kind: PositionKind
    level: Code
    requires: dict[Code, Count]


class EmployeeChanged(Message):
    """A person, by opaque id. NON_ASN is a superior from outside the civil service, such as a bupati."""

    TYPE = "directory.employee.changed"
    REGENERATOR = "row"

    employee: UUID
    kind: EmployeeKind
    active: bool


class AssignmentChanged(Message):
    """Who works where, in which position, under whom, from when to when (both days included, None = open)."""

    TYPE = "directory.assignment.changed"
    REGENERATOR = "row"

    assignment: UUID
    employee: UUID
    unit: UUID
    position: UUID
    superior: UUID | None
    kind: AssignmentKind
    valid_from: date
    valid_to: date | None
    void: bool = Field(default=False, description="recorded by mistake: never held")


class RecordRenewed(Renewed):
    """The record of directory was restored and told anew."""

    TYPE = "directory.record.renewed"
