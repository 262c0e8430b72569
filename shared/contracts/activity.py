"""What the activity service tells: entries and their verification, service records, satisfaction indices, closed periods."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Amount, Code, Count, Message, Ordinal, PeriodCode, Renewed

EntryStatus = Literal["waiting", "verified", "returned", "withdrawn", "lapsed", "imported"]
Verdict = Literal["meets", "below"]


class EntryFact(Message):
    """The state of one entry after the fact; every `entry.*` type carries it."""

    entry: UUID
    employee: UUID
    day: date = Field(description="the day the work was done, in the zone of the instansi")
    period: PeriodCode = Field(description="the period the entry counts in, such as 2026-03 or 2026-Q1")
    indicator: UUID | None
    quantity: Annotated[Amount, Field(ge=0)]
    minutes: Count | None
    activity: Code | None = Field(description="the kind of activity, a code and never free text")
    status: EntryStatus
    verdict: Verdict | None
    verified_by: UUID | None
    late: bool = Field(description="received after the instansi's rule; kept and marked")
    unit: UUID | None = Field(description="the unit the work was done for, when it is known")
    lapsed_by: UUID | None = Field(default=None, description="the superior who did not verify in time")


class EntryLogged(EntryFact):
    """An ASN logged what they did; it waits for verification."""

    TYPE = "activity.entry.logged"


class EntryAmended(EntryFact):
    """An ASN changed an entry; a verified one waits again."""

    TYPE = "activity.entry.amended"


class EntryWithdrawn(EntryFact):
    """An ASN took an entry back; it no longer counts."""

    TYPE = "activity.entry.withdrawn"


class EntryVerified(EntryFact):
    """The superior confirmed an entry."""

    TYPE = "activity.entry.verified"


class EntryReturned(EntryFact):
    """The superior sent an entry back with a reason."""

    TYPE = "activity.entry.returned"


class VerificationWithdrawn(EntryFact):
    """The superior took a verification back; the entry waits again."""

    TYPE = "activity.entry.verification-withdrawn"


class EntryLapsed(EntryFact):
    """The period closed before the superior verified; the entry is not counted and the cause is named."""

    TYPE = "activity.entry.lapsed"


class EntryImported(EntryFact):
    """A fact taken over from another system, as recorded there; nobody here confirmed it."""

    TYPE = "activity.entry.imported"


class ServiceRecordChanged(Message):
    """A public-service transaction: product, officer, started, due, completed."""

    TYPE = "activity.service-record.changed"

    record: UUID
    product: Code = Field(description="a code and never free text")
    officer: UUID
    unit: UUID | None
    started: datetime
    due: datetime | None
    completed: datetime | None
    period: PeriodCode | None = Field(description="the period of completion; None while it is open")
    on_time: bool | None = Field(description="completed <= due; None when either is missing")


class SatisfactionChanged(Message):
    """The IKM index of a unit and period (PermenPANRB 14/2017), recomputed with each survey."""

    TYPE = "activity.satisfaction.changed"
    REGENERATOR = "row"

    unit: UUID
    period: PeriodCode
    respondents: Count
    index: Amount


class EmployeeDigest(BaseModel):
    """What one employee's entries of a closed period add up to, so that a consumer can tell whether it holds them all."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entries: Count
    digest: str = Field(description="hex; XOR over the entries of the first 8 bytes of sha256('<entry>:<version>')")


class PeriodSealed(Message):
    """Activity refuses further facts for a period. Sent in parts of at most 2,000 employees."""

    TYPE = "activity.period.sealed"
    REGENERATOR = "row"

    period: PeriodCode
    part: Ordinal
    parts: Ordinal
    sealed_by: UUID | None
    employees: dict[str, EmployeeDigest]


class RecordRenewed(Renewed):
    """The record of activity was restored and told anew."""

    TYPE = "activity.record.renewed"
