"""A small agency, as the directory would tell it: ids of its people, and messages to deliver."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.contracts.appraisal import PlanAgreed, PlanIndicator
from shared.contracts.base import Message
from shared.contracts.directory import (
    AssignmentChanged,
    EmployeeChanged,
    InstansiChanged,
    Policy,
    UnitChanged,
)
from shared.ids import fresh_id
from shared.messaging.envelope import Received

_SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def known(name: str) -> UUID:
    """The same id for the same name, in all tests."""
    return uuid5(_SPACE, name)


SITI, BUDI, RINA, HADI, DEWI, LEO = (known(name) for name in ("siti", "budi", "rina", "hadi", "dewi", "leo"))
#: Siti and Budi report to Rina; Hadi is hr, Dewi of another unit, Leo heads the office above.
COUNTER, REGISTRY, OFFICE = known("counter"), known("registry"), known("office")
OFFICER, HEAD, CHIEF = known("officer"), known("head"), known("chief")
EXAMINATIONS = known("examinations")
SINCE = date(2020, 1, 1)


def today(ahead: int = 0) -> date:
    """The day in Medan, which is on Jakarta's time."""
    return datetime.now(ZoneInfo("Asia/Jakarta")).date() + timedelta(days=ahead)


def received(
    data: Message, source: UUID, *, version: int = 1, instansi: str = "medan", epoch: int = 1
) -> Received[Any]:
    """`data` as a handler gets it."""
    now = datetime.now(UTC)
    return Received(
        event_id=fresh_id(),
        instansi=instansi,
        source=source,
        epoch=epoch,
        version=version,
        occurred_at=now,
        recorded_at=now,
        origin="person",
        correlation_id="directory",
        data=data,
    )


def instansi(
    code: str = "medan", *, version: int = 1, zone: str = "Asia/Jakarta", first_day: date = SINCE, **policy: Any
) -> Received[Any]:
    """An agency; `policy` replaces single rules."""
    rules: dict[str, Any] = {
        "version": version,
        "period_kind": "month",
        "late_after_working_days": 5,
        "verification_grace_working_days": 3,
        "gap_threshold_percent": Decimal(60),
        "score_above_percent": Decimal(110),
        "score_meets_percent": Decimal(90),
        "achievement_cap_percent": Decimal(120),
        "daily_summary_at": "07:00",
    }
    data = InstansiChanged(zone=zone, first_day=first_day, holidays=(), policy=Policy(**(rules | policy)))
    return received(data, known(f"instansi {code}"), version=version, instansi=code)


def unit(id: UUID, parent: UUID | None = None, head: UUID | None = HEAD) -> Received[Any]:
    """A node of the unit tree."""
    return received(UnitChanged(unit=id, code=str(id)[:8], parent=parent, head_position=head), id)


def employee(id: UUID, *, version: int = 1, active: bool = True, instansi: str = "medan") -> Received[Any]:
    """A person."""
    return received(EmployeeChanged(employee=id, kind="PNS", active=active), id, version=version, instansi=instansi)


def assignment(
    name: str, who: UUID, where: UUID, position: UUID, superior: UUID | None, *, version: int = 1, **more: Any
) -> Received[Any]:
    """Who works where, under whom; open and since 2020 unless told otherwise."""
    fields: dict[str, Any] = {"kind": "definitif", "valid_from": SINCE, "valid_to": None} | more
    data = AssignmentChanged(
        assignment=known(f"assignment {name}"),
        employee=who,
        unit=where,
        position=position,
        superior=superior,
        **fields,
    )
    return received(data, data.assignment, version=version)


def plan(who: UUID, *indicators: UUID, version: int = 1) -> Received[Any]:
    """An agreed plan with these indicators."""
    data = PlanAgreed(
        plan=known(f"plan {who}"),
        employee=who,
        year=2026,
        status="agreed",
        indicators=tuple(
            PlanIndicator(indicator=id, work_result=known("result"), measure="quantity") for id in indicators
        ),
        proposed_by=RINA,
        waits_for=None,
    )
    return received(data, data.plan, version=version)


def office() -> list[Received[Any]]:
    """Everything the directory tells of the small agency."""
    return [
        instansi(),
        instansi("jambi"),
        unit(OFFICE, head=CHIEF),
        unit(COUNTER, OFFICE),
        unit(REGISTRY, OFFICE),
        *(employee(id) for id in (SITI, BUDI, RINA, HADI, DEWI, LEO)),
        assignment("siti", SITI, COUNTER, OFFICER, RINA),
        assignment("budi", BUDI, COUNTER, OFFICER, RINA),
        assignment("rina", RINA, COUNTER, HEAD, LEO),
        assignment("dewi", DEWI, REGISTRY, OFFICER, LEO),
        assignment("hadi", HADI, OFFICE, OFFICER, LEO),
        assignment("leo", LEO, OFFICE, CHIEF, None),
    ]
