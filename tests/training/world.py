"""Messages the service hears, made from contract objects."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.contracts.appraisal import GapCause, GapClosed, GapFact, GapFound
from shared.contracts.base import Message
from shared.contracts.directory import (
    AssignmentChanged,
    EmployeeChanged,
    EmployeeKind,
    InstansiChanged,
    Policy,
    PositionChanged,
    UnitChanged,
)
from shared.eventstore.decider import event_id
from shared.messaging.envelope import Received

MEDAN = "medan"
TOLD_AT = datetime(2026, 3, 2, 1, tzinfo=UTC)


def person(name: str) -> UUID:
    """An opaque id that a test can name."""
    return uuid5(NAMESPACE_URL, f"test:{name}")


def received(
    message: Message, source: UUID, version: int = 1, *, instansi: str = MEDAN, epoch: int = 1
) -> Received[Any]:
    """A message as it comes from the road."""
    return Received(
        event_id=event_id(instansi, source, version),
        instansi=instansi,
        source=source,
        epoch=epoch,
        version=version,
        occurred_at=TOLD_AT,
        recorded_at=TOLD_AT,
        origin="person",
        correlation_id=f"story-{source}",
        data=message,
    )


def gap(
    employee: UUID,
    competency: str,
    version: int,
    *,
    found: bool = True,
    opened: int = 1,
    required: int | None = 3,
    level: int | None = 2,
    since: date = date(2026, 3, 1),
    **more: Any,
) -> Received[GapFact]:
    """Version `version` of the gap of one employee in one competency."""
    source = uuid5(employee, f"gap:{competency}")
    message = (GapFound if found else GapClosed)(
        gap=source,
        employee=employee,
        competency=competency,
        opened=opened,
        required=required,
        level=level,
        causes=(GapCause(kind="below_standard"),) if found else (),
        since=since,
    )
    return received(message, source, version, **more)


def policy() -> Policy:
    """Rules as most instansi have them."""
    return Policy(
        version=1,
        period_kind="month",
        late_after_working_days=3,
        verification_grace_working_days=5,
        gap_threshold_percent=Decimal(80),
        score_above_percent=Decimal(110),
        score_meets_percent=Decimal(90),
        achievement_cap_percent=Decimal(150),
        daily_summary_at="07:00",
    )


def directory(
    staff: Mapping[str, str | None], kinds: Mapping[str, EmployeeKind] | None = None, *, instansi: str = MEDAN
) -> list[Received[Any]]:
    """Everybody in `staff` (name to the superior's name) in one unit, headed by the first of them."""
    unit, first = person(f"{instansi}-unit"), next(iter(staff))
    source = person(f"{instansi}-instansi")
    told: list[tuple[Message, UUID]] = [
        (InstansiChanged(zone="Asia/Jakarta", first_day=date(2026, 1, 1), holidays=(), policy=policy()), source),
        (UnitChanged(unit=unit, code="dinkes", parent=None, head_position=person(f"{first}-seat")), unit),
    ]
    for name, superior in staff.items():
        seat = person(f"{name}-seat")
        requires = {"komunikasi": 3}
        told.append((PositionChanged(position=seat, code=name, kind="JF", level="ahli", requires=requires), seat))
        kind = (kinds or {}).get(name, "PNS")
        told.append((EmployeeChanged(employee=person(name), kind=kind, active=True), person(name)))
        told.append((placement(name, superior, unit=unit), person(f"{name}-placement")))
    return [received(message, source, instansi=instansi) for message, source in told]


def placement(name: str, superior: str | None, *, unit: UUID, **other: Any) -> AssignmentChanged:
    """The definitive placement of a person since the beginning of the year."""
    values = {
        "assignment": person(f"{name}-placement"),
        "employee": person(name),
        "unit": unit,
        "position": person(f"{name}-seat"),
        "superior": person(superior) if superior else None,
        "kind": "definitif",
        "valid_from": date(2026, 1, 1),
        "valid_to": None,
    }
    return AssignmentChanged.model_validate(values | other)
