"""What can be asked of one entry. Clock, calendar, reporting lines and closed periods come with the command."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.activity.entry.events import Content, Verdict
from services.activity.source import Source
from shared.eventstore.texts import Text
from shared.people.authority import Authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was found out on receipt. Days from `first_day` to `last_day` are accepted; `shut` periods take nothing."""

    at: datetime
    period: str
    first_day: date
    last_day: date
    shut: frozenset[str]
    late: bool
    employee_known: bool
    indicator_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Tell what was done; repeated with the same content it changes nothing, for ever."""

    employee: UUID
    content: Content
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """Correct one's own entry; `seen` is the version that was corrected (None: any)."""

    by: UUID
    content: Content
    receipt: Receipt
    seen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take one's own entry back."""

    by: UUID
    shut: frozenset[str]
    seen: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Who decides about which version, with what right. In `final` periods nothing is decided any more."""

    by: UUID
    hr: bool
    authority: Authority
    seen: int
    text: Text | None
    final: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Confirm, as meeting or as below expectation."""

    judgement: Judgement
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Return:
    """Send back with a reason."""

    judgement: Judgement


@dataclass(frozen=True, slots=True)
class WithdrawVerification:
    """Take a confirmation back."""

    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Lapse:
    """The time to verify is over; does nothing to an entry that no longer waits."""

    superior: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Take over a fact of another system. Neither lateness nor closing nor a superior matters."""

    employee: UUID
    content: Content
    receipt: Receipt
    source: Source


Judging = Verify | Return | WithdrawVerification
Command = Log | Amend | Withdraw | Judging | Lapse | Import
