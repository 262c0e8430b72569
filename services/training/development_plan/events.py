"""What can happen to the development plan (rencana pengembangan kompetensi) of one employee and year."""

from dataclasses import dataclass
from uuid import UUID

from shared.eventstore.registry import Registry
from shared.eventstore.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A need and the course that is to meet it.

    `course` None: no course of the catalogue does. `attempt` counts approved courses of the same need, `chosen`: a
    person picked the course, so the catalogue does not change it.
    """

    need: UUID
    competency: str
    course: UUID | None
    attempt: int = 1
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """These items, and no others, wait for the superior."""

    employee: UUID
    year: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Of the waiting items those of `needs` are to be carried out; `reason` when hr did it for want of a superior."""

    needs: tuple[UUID, ...]
    by: UUID
    reason: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The superior wants other courses."""

    by: UUID
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsEnded:
    """These needs are open no longer: waiting items disappear, approved ones are done."""

    needs: tuple[UUID, ...]


Event = Proposed | Approved | Returned | NeedsEnded

EVENTS = Registry(
    {
        "development-plan.proposed": (1, Proposed),
        "development-plan.approved": (1, Approved),
        "development-plan.returned": (1, Returned),
        "development-plan.needs-ended": (1, NeedsEnded),
    }
)
