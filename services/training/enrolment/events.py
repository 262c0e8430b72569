"""What can happen to one enrolment: a seat in a course for the needs of an approved plan."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.eventstore.registry import Registry
from shared.eventstore.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A seat was taken. `starts` None: at any time, or the run is still to be announced."""

    employee: UUID
    course: UUID
    competencies: tuple[str, ...]
    needs: tuple[UUID, ...]
    plan: UUID
    starts: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The course was completed with a certificate. `jp` jam pelajaran count in the year of `on`."""

    on: date
    jp: int
    certificate: Text
    file_hash: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelConfirmed:
    """The superior confirmed what the employee now masters."""

    competency: str
    level: int
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The seat was given up."""

    by: UUID
    reason: Text


Event = Enrolled | Completed | LevelConfirmed | Cancelled

EVENTS = Registry(
    {
        "enrolment.enrolled": (1, Enrolled),
        "enrolment.completed": (1, Completed),
        "enrolment.level-confirmed": (1, LevelConfirmed),
        "enrolment.cancelled": (1, Cancelled),
    }
)
