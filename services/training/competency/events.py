"""What can happen to the level of one employee in one competency, as far as this service confirms it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared.eventstore.registry import Registry
from shared.eventstore.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The superior confirmed a level 1-5 with a reason, after training (`enrolment`) or coaching (None)."""

    employee: UUID
    competency: str
    level: int
    by: UUID
    on: date
    reason: Text
    enrolment: UUID | None


Event = Confirmed

EVENTS = Registry({"competency.confirmed": (1, Confirmed)})
