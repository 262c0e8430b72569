"""What can happen to one entry: a piece of work an ASN says to have done on a day."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from services.activity.source import Source
from shared.eventstore.registry import Registry
from shared.eventstore.texts import Text

Verdict = Literal["meets", "below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was done. `day` is local to the instansi, `done_at` what the device's clock said, `activity` a code."""

    day: date
    indicator: UUID | None
    quantity: Decimal
    minutes: int | None
    activity: str | None
    description: Text | None
    done_at: datetime | None = None
    unit: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLogged:
    """The ASN told what they did."""

    employee: UUID
    content: Content
    period: str
    received_at: datetime
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAmended:
    """The ASN corrected it; whatever was decided before, it waits."""

    content: Content
    period: str
    received_at: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class EntryWithdrawn:
    """The ASN took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryVerified:
    """Confirmed by the superior, or `as_hr` where there was nobody."""

    by: UUID
    as_hr: bool
    verdict: Verdict
    text: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryReturned:
    """Sent back with a reason."""

    by: UUID
    as_hr: bool
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationWithdrawn:
    """The confirmation was taken back."""

    by: UUID
    as_hr: bool
    text: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLapsed:
    """The period was sealed before anybody decided; `superior` of its date is the cause (None: there was none)."""

    superior: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryImported:
    """Taken over as another system recorded it; nobody here confirmed it."""

    employee: UUID
    content: Content
    period: str
    received_at: datetime
    source: Source


Event = (
    EntryLogged
    | EntryAmended
    | EntryWithdrawn
    | EntryVerified
    | EntryReturned
    | VerificationWithdrawn
    | EntryLapsed
    | EntryImported
)

EVENTS = Registry(
    {
        "entry.logged": (1, EntryLogged),
        "entry.amended": (1, EntryAmended),
        "entry.withdrawn": (1, EntryWithdrawn),
        "entry.verified": (1, EntryVerified),
        "entry.returned": (1, EntryReturned),
        "entry.verification-withdrawn": (1, VerificationWithdrawn),
        "entry.lapsed": (1, EntryLapsed),
        "entry.imported": (1, EntryImported),
    }
)
