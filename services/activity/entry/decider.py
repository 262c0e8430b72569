"""The rules of one entry. Pure: clock, calendar, reporting lines and closed periods come with the command."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, assert_never
from uuid import UUID

from services.activity.entry.commands import (
    Amend,
    Command,
    Import,
    Judgement,
    Judging,
    Lapse,
    Log,
    Receipt,
    Return,
    Verify,
    Withdraw,
    WithdrawVerification,
)
from services.activity.entry.events import (
    Content,
    EntryAmended,
    EntryImported,
    EntryLapsed,
    EntryLogged,
    EntryReturned,
    EntryVerified,
    EntryWithdrawn,
    Event,
    Verdict,
    VerificationWithdrawn,
)
from services.activity.entry.refusals import (
    EntryClosed,
    NotVerified,
    NotWaiting,
    OwnEntry,
    TextRequired,
    UnknownIndicator,
)
from services.activity.refusals import FutureDate, TooEarly, check_open
from shared.contracts.activity import EntryStatus
from shared.errors import ContentDiffers, Forbidden, NotFound, StaleVersion
from shared.eventstore.decider import Decider
from shared.eventstore.texts import Text
from shared.people.refusals import NotTheSuperior, unknown_employee

_CLOCK_AHEAD = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry now. `first` is what it was created with, `last` the newest event: they tell a repeat from a change."""

    version: int
    status: EntryStatus
    employee: UUID
    content: Content
    first: Content
    period: str
    received_at: datetime
    late: bool
    last: Event
    verdict: Verdict | None = None
    decided_by: UUID | None = None
    decided_text: Text | None = None
    lapsed_by: UUID | None = None


State = Entry | None


def decide(state: State, command: Command) -> Sequence[Event]:
    """The new events; none when the command was carried out before."""
    match command:
        case Log() | Import():
            return _create(state, command)
        case Lapse():
            waits = state is not None and state.status == "waiting"
            return [EntryLapsed(superior=command.superior)] if waits else []
    if state is None:
        raise NotFound("Catatan ini tidak ada. / There is no such entry.")
    match command:
        case Amend():
            return _amend(state, command)
        case Withdraw():
            return _withdraw(state, command)
        case Verify() | Return() | WithdrawVerification():
            return _judge(state, command)
        case _:
            assert_never(command)


def _create(state: Entry | None, command: Log | Import) -> Sequence[Event]:
    if state is not None:
        if state.employee == command.employee and state.first == command.content:
            return []
        raise ContentDiffers(
            "Id ini sudah dipakai untuk catatan lain; pakai id baru. / "
            "This id is in use for another entry; use a new id."
        )
    receipt = command.receipt
    _check_content(command.content, receipt)
    if not receipt.employee_known:
        raise unknown_employee(command.employee)
    employee, content, period, at = command.employee, command.content, receipt.period, receipt.at
    if isinstance(command, Import):
        return [EntryImported(employee=employee, content=content, period=period, received_at=at, source=command.source)]
    check_open(period, receipt.shut)
    return [EntryLogged(employee=employee, content=content, period=period, received_at=at, late=receipt.late)]


def _amend(entry: Entry, command: Amend) -> Sequence[Event]:
    _check_own(entry, command.by)
    receipt, same = command.receipt, entry.content == command.content
    if same and entry.status in ("waiting", "verified"):
        return []
    _check_seen(entry, command.seen)
    _check_changeable(entry)
    _check_content(command.content, receipt)
    check_open(entry.period, receipt.shut)
    check_open(receipt.period, receipt.shut)
    # The work of another day is received only now; the same day stays as punctual as it was.
    late = entry.late if command.content.day == entry.content.day else receipt.late
    return [EntryAmended(content=command.content, period=receipt.period, received_at=receipt.at, late=late)]


def _withdraw(entry: Entry, command: Withdraw) -> Sequence[Event]:
    _check_own(entry, command.by)
    if entry.status == "withdrawn":
        return []
    _check_seen(entry, command.seen)
    _check_changeable(entry)
    check_open(entry.period, command.shut)
    return [EntryWithdrawn()]


def _judge(entry: Entry, command: Judging) -> Sequence[Event]:
    judge = command.judgement
    event = _judged(command, as_hr=_right(entry, judge))
    if entry.version == judge.seen + 1 and entry.last == event:
        return []
    _check_seen(entry, judge.seen)
    check_open(entry.period, judge.final)
    if isinstance(event, VerificationWithdrawn):
        if entry.status != "verified":
            raise NotVerified(
                "Hanya catatan yang sudah diverifikasi yang dapat dibatalkan verifikasinya. / "
                "Only the verification of a verified entry can be withdrawn.",
                entry_status=entry.status,
            )
    elif entry.status != "waiting":
        raise NotWaiting(
            "Catatan ini tidak menunggu verifikasi. / This entry does not wait for verification.",
            entry_status=entry.status,
        )
    return [event]


def _judged(command: Judging, *, as_hr: bool) -> EntryVerified | EntryReturned | VerificationWithdrawn:
    by, text = command.judgement.by, command.judgement.text
    below = isinstance(command, Verify) and command.verdict == "below"
    if text is None and (as_hr or below or isinstance(command, Return)):
        raise TextRequired("Isi text dengan alasannya. / Give the reason in text.", field="text")
    match command:
        case Verify(verdict=verdict):
            return EntryVerified(by=by, as_hr=as_hr, verdict=verdict, text=text)
        case Return():
            assert text is not None, "checked above"
            return EntryReturned(by=by, as_hr=as_hr, text=text)
        case WithdrawVerification():
            return VerificationWithdrawn(by=by, as_hr=as_hr, text=text)
        case _:
            assert_never(command)


def _right(entry: Entry, judge: Judgement) -> bool:
    """Whether the right is that of hr (True) or of a superior (False); refuses who has none."""
    if judge.by == entry.employee:
        raise OwnEntry(
            "Catatan sendiri tidak dapat diverifikasi sendiri. / Nobody decides about their own entry.",
        )
    if judge.by in judge.authority.verifiers:
        return False
    if judge.hr and judge.authority.hr_may:
        return True
    raise NotTheSuperior(
        "Hanya atasan pada tanggal catatan, penggantinya, atau Plt/Plh yang dapat memutuskan. / "
        "Only the superior of the entry's date, the successor, or the acting official may decide."
    )


def _check_content(content: Content, receipt: Receipt) -> None:
    if content.day > receipt.last_day:
        raise FutureDate(
            "Tanggal catatan belum tiba; pakai tanggal hari ini atau sebelumnya. / "
            "The day of the entry has not come yet; use today or an earlier day.",
            last_day=receipt.last_day.isoformat(),
        )
    if content.done_at is not None and content.done_at > receipt.at + _CLOCK_AHEAD:
        raise FutureDate(
            "done_at lebih dari satu hari di depan; periksa jam perangkat. / "
            "done_at is more than a day ahead; check the device's clock."
        )
    if content.day < receipt.first_day:
        raise TooEarly(
            "Tanggal catatan sebelum instansi memakai sistem ini. / The day lies before the instansi's first day.",
            first_day=receipt.first_day.isoformat(),
        )
    if not receipt.indicator_known:
        raise UnknownIndicator(
            "Indikator ini tidak ada dalam SKP pegawai; pilih indikator lain atau kosongkan. / "
            "This indicator is in no plan of the employee; choose another or leave it out.",
            indicator=str(content.indicator),
        )


def _check_own(entry: Entry, by: UUID) -> None:
    if entry.employee != by:
        raise Forbidden("Hanya catatan sendiri yang dapat diubah. / Only one's own entries can be changed.")


def _check_seen(entry: Entry, seen: int | None) -> None:
    if seen is not None and seen != entry.version:
        raise StaleVersion(
            "Catatan sudah berubah; muat ulang lalu ulangi. / The entry has changed; reload and decide again.",
            version=entry.version,
        )


def _check_changeable(entry: Entry) -> None:
    if entry.status in ("withdrawn", "lapsed", "imported"):
        raise EntryClosed(
            "Catatan ini tidak dapat diubah lagi. / This entry can no longer be changed.", entry_status=entry.status
        )


def evolve(state: State, event: Event) -> State:
    """The state after the event."""
    if isinstance(event, EntryLogged | EntryImported):
        return _begun(event)
    assert state is not None, "an entry begins by being logged or imported"
    match event:
        case EntryAmended(content=content, period=period, received_at=at, late=late):
            changes: dict[str, Any] = {"status": "waiting", "content": content, "period": period}
            changes |= {"received_at": at, "late": late}
        case EntryWithdrawn():
            changes = {"status": "withdrawn"}
        case EntryVerified(by=by, verdict=verdict, text=text):
            changes = {"status": "verified", "verdict": verdict, "decided_by": by, "decided_text": text}
        case EntryReturned(by=by, text=text):
            changes = {"status": "returned", "decided_by": by, "decided_text": text}
        case VerificationWithdrawn():
            changes = {"status": "waiting"}
        case EntryLapsed(superior=superior):
            changes = {"status": "lapsed", "lapsed_by": superior}
        case _:
            assert_never(event)
    undecided = {"verdict": None, "decided_by": None, "decided_text": None}
    return replace(state, version=state.version + 1, last=event, **(undecided | changes))


def _begun(event: EntryLogged | EntryImported) -> Entry:
    logged = isinstance(event, EntryLogged)
    return Entry(
        version=1,
        status="waiting" if logged else "imported",
        employee=event.employee,
        content=event.content,
        first=event.content,
        period=event.period,
        received_at=event.received_at,
        late=isinstance(event, EntryLogged) and event.late,
        last=event,
    )


DECIDER: Decider[State, Command, Event] = Decider(None, decide, evolve)
