"""What the directory tells others of its records: never a name, a number or an address."""

from decimal import Decimal
from typing import assert_never

from services.directory.rules.records import Assignment, Employee, Position, Record, Unit
from shared.contracts.base import Message
from shared.contracts.directory import (
    AssignmentChanged,
    EmployeeChanged,
    Policy,
    PositionChanged,
    UnitChanged,
)

#: What an instansi begins with when it says nothing else.
NATIONAL_POLICY = Policy(
    version=1,
    period_kind="month",
    late_after_working_days=5,
    verification_grace_working_days=5,
    gap_threshold_percent=Decimal(70),
    score_above_percent=Decimal(110),
    score_meets_percent=Decimal(90),
    achievement_cap_percent=Decimal(120),
    daily_summary_at="16:00",
)


def message(record: Record) -> Message:
    """The public state of a record."""
    match record:
        case Unit():
            return UnitChanged(
                unit=record.id,
                code=record.code,
                parent=record.parent,
                head_position=record.head_position,
                last_day=record.last_day,
            )
        case Position():
            return PositionChanged(
                position=record.id,
                code=record.code,
                kind=record.kind,
                level=record.level,
                requires=dict(record.requires),
            )
        case Employee():
            return EmployeeChanged(employee=record.id, kind=record.kind, active=record.active)
        case Assignment():
            return AssignmentChanged(
                assignment=record.id,
                employee=record.employee,
                unit=record.unit,
                position=record.position,
                superior=record.superior,
                kind=record.kind,
                valid_from=record.valid_from,
                valid_to=record.valid_to,
                void=record.void,
            )
        case _:
            assert_never(record)
