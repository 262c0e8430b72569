"""A small agency for tests: messages as other services would send them, with versions one can choose."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from services.appraisal.plan.events import Aspect, Indicator, WorkResult
from services.appraisal.rules.achievement import Direction, NumberTarget
from shared.calendar import Period
from shared.contracts.activity import (
    EmployeeDigest,
    EntryImported,
    EntryLapsed,
    EntryLogged,
    EntryReturned,
    EntryVerified,
    EntryWithdrawn,
    PeriodSealed,
    SatisfactionChanged,
    ServiceRecordChanged,
)
from shared.contracts.base import Message
from shared.contracts.directory import (
    AssignmentChanged,
    EmployeeChanged,
    InstansiChanged,
    Policy,
    PositionChanged,
    UnitChanged,
)
from shared.contracts.training import CompetencyConfirmed
from shared.eventstore.decider import event_id
from shared.eventstore.texts import Text
from shared.messaging.envelope import Received

SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
_ENTRY_TYPES = {
    "waiting": EntryLogged,
    "verified": EntryVerified,
    "returned": EntryReturned,
    "withdrawn": EntryWithdrawn,
    "imported": EntryImported,
    "lapsed": EntryLapsed,
}


def name(text: str) -> UUID:
    """An id one can read: the same text is the same id."""
    return uuid5(SPACE, text)


def message(
    data: Message,
    source: UUID,
    version: int = 1,
    *,
    instansi: str = "medan",
    origin: str = "person",
    at: datetime = NOON,
    epoch: int = 1,
) -> Received[Any]:
    """`data` as it arrives from the road."""
    return Received(
        event_id=event_id(instansi, source, version),
        instansi=instansi,
        source=source,
        epoch=epoch,
        version=version,
        occurred_at=at,
        recorded_at=at + timedelta(seconds=version),
        origin=origin,
        correlation_id=f"test-{source.hex[:6]}",
        data=data,
    )


def instansi(code: str = "medan", version: int = 1, **policy: Any) -> Received[Any]:
    """An agency with months, 80 % as the threshold of gaps, and ratings from 90 and 110 %."""
    numbers: dict[str, Any] = {
        "version": version,
        "period_kind": "month",
        "late_after_working_days": 3,
        "verification_grace_working_days": 5,
        "gap_threshold_percent": Decimal(80),
        "score_above_percent": Decimal(110),
        "score_meets_percent": Decimal(90),
        "achievement_cap_percent": Decimal(120),
        "daily_summary_at": "16:00",
    }
    data = InstansiChanged(
        zone="Asia/Jakarta", first_day=date(2026, 1, 1), holidays=(), policy=Policy(**(numbers | policy))
    )
    return message(data, name(code), version, instansi=code)


def position(
    title: str, requires: dict[str, int] | None = None, version: int = 1, code: str = "medan"
) -> Received[Any]:
    """A functional post and its standard."""
    data = PositionChanged(position=name(title), code=title, kind="JF", level="Ahli Pertama", requires=requires or {})
    return message(data, name(title), version, instansi=code)


def unit(title: str, head: str | None = None, parent: str | None = None, code: str = "medan") -> Received[Any]:
    """A unit; `head` is the title of the position of its head."""
    data = UnitChanged(
        unit=name(title),
        code=title,
        parent=name(parent) if parent else None,
        head_position=name(head) if head else None,
    )
    return message(data, name(title), instansi=code)


def person(
    who: str,
    post: str,
    superior: str | None = None,
    *,
    where: str = "puskesmas",
    since: date = date(2026, 1, 1),
    until: date | None = None,
    kind: str = "definitif",
    void: bool = False,
    version: int = 1,
    code: str = "medan",
) -> list[Received[Any]]:
    """An employee and the post they hold."""
    held = AssignmentChanged(
        assignment=name(f"{who} {post} {since}"),
        employee=name(who),
        unit=name(where),
        position=name(post),
        superior=name(superior) if superior else None,
        kind=kind,
        valid_from=since,
        valid_to=until,
        void=void,
    )
    known = EmployeeChanged(employee=name(who), kind="PNS", active=True)
    return [
        message(known, name(who), instansi=code),
        message(held, held.assignment, version, instansi=code),
    ]


def entry(
    what: str,
    who: str,
    quantity: str | int = 1,
    *,
    status: str = "verified",
    indicator: str | None = "examinations",
    period: str = "2026-03",
    verdict: str | None = None,
    version: int = 1,
    code: str = "medan",
) -> Received[Any]:
    """An entry as activity tells it."""
    data = _ENTRY_TYPES[status](
        entry=name(what),
        employee=name(who),
        day=Period.parse(period).first_day,
        period=period,
        indicator=name(indicator) if indicator else None,
        quantity=Decimal(quantity),
        minutes=None,
        activity=None,
        status=status,
        verdict=("meets" if status == "verified" else None) if verdict is None else verdict,
        verified_by=name("head") if status == "verified" else None,
        late=False,
        unit=None,
        lapsed_by=name("head") if status == "lapsed" else None,
    )
    return message(data, name(what), version, instansi=code, origin="import" if status == "imported" else "person")


def text(of: str) -> Text:
    """A text that is kept somewhere."""
    return Text(name(of), "0" * 64)


_INDICATOR: dict[str, Any] = {
    "aspect": Aspect.KUANTITAS,
    "direction": Direction.HIGHER,
    "measure": "quantity",
    "unit_label": "kali",
}


def indicator(title: str = "examinations", target: Any = 20, **more: Any) -> Indicator:
    """An indicator whose target is a number unless a target is given."""
    wanted = NumberTarget(Decimal(target)) if isinstance(target, int | str) else target
    return Indicator(id=name(title), title=text(title), target=wanted, **(_INDICATOR | more))


def results(*indicators: Indicator) -> tuple[WorkResult, ...]:
    """One work result with these indicators."""
    return (WorkResult(id=name("result"), title=text("result"), indicators=indicators),)


def record(
    what: str,
    officer: str,
    product: str = "ktp",
    *,
    days: str = "2",
    on_time: bool | None = True,
    period: str | None = "2026-03",
    version: int = 1,
    code: str = "medan",
) -> Received[Any]:
    """A service record that took `days`; `period` None is one that has not ended."""
    started = datetime(2026, 3, 2, 1, tzinfo=UTC)
    ended = started + timedelta(days=float(days)) if period else None
    data = ServiceRecordChanged(
        record=name(what),
        product=product,
        officer=name(officer),
        unit=None,
        started=started,
        due=None,
        completed=ended,
        period=period,
        on_time=on_time if period else None,
    )
    return message(data, name(what), version, instansi=code)


def satisfaction(
    where: str, index: str, period: str = "2026-03", version: int = 1, code: str = "medan"
) -> Received[Any]:
    """The satisfaction index of a unit."""
    data = SatisfactionChanged(unit=name(where), period=period, respondents=30, index=Decimal(index))
    return message(data, name(f"ikm {where} {period}"), version, instansi=code)


def seal(
    entries: Sequence[Received[Any]], period: str = "2026-03", version: int = 1, code: str = "medan"
) -> Received[Any]:
    """The seal over the newest versions of `entries`, as activity's contract describes it."""
    newest: dict[UUID, Received[Any]] = {}
    for each in entries:
        if each.source not in newest or newest[each.source].order < each.order:
            newest[each.source] = each
    sums: dict[str, tuple[int, int]] = {}
    for each in newest.values():
        if each.data.period == period and each.data.status != "withdrawn":
            count, digest = sums.get(str(each.data.employee), (0, 0))
            own = sha256(f"{each.source}:{each.version}".encode()).digest()[:8]
            sums[str(each.data.employee)] = count + 1, digest ^ int.from_bytes(own)
    people = {who: EmployeeDigest(entries=count, digest=f"{digest:016x}") for who, (count, digest) in sums.items()}
    data = PeriodSealed(period=period, part=1, parts=1, sealed_by=None, employees=people)
    return message(data, name(f"seal {period}"), version, instansi=code)


def confirmed(who: str, competency: str, level: int, on: date, version: int = 1, code: str = "medan") -> Received[Any]:
    """A level that the superior confirmed in the training service."""
    source = name(f"confirmation {who} {competency} {on}")
    data = CompetencyConfirmed(
        confirmation=source,
        employee=name(who),
        competency=competency,
        level=level,
        confirmed_by=name("head"),
        confirmed_on=on,
        enrolment=None,
    )
    return message(data, source, version, instansi=code)
