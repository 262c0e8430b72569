"""The rule of confirmed levels: 1 to 5, and the newest confirmation counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from services.training.competency.events import Confirmed, Event
from shared.errors import Refusal
from shared.eventstore.decider import Decider
from shared.eventstore.texts import Text
from shared.ids import derived_id

#: A competency level has no time of its own; its stream id takes this one.
_BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)


class LevelOutOfRange(Refusal):
    """Competency levels are 1 to 5."""

    code = "level-out-of-range"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """Confirm a level; see Confirmed."""

    employee: UUID
    competency: str
    level: int
    by: UUID
    on: date
    reason: Text
    enrolment: UUID | None = None


@dataclass(frozen=True, slots=True)
class State:
    """The newest confirmation."""

    newest: Confirmed | None = None


def competency_id(instansi: str, employee: UUID, competency: str) -> UUID:
    """The stream of one employee's level in one competency."""
    return derived_id(_BEGINNING, instansi, "competency", str(employee), competency)


def decide(state: State, command: Confirm) -> Sequence[Event]:
    """The new fact; the same confirmation again changes nothing."""
    if not 1 <= command.level <= 5:
        raise LevelOutOfRange(
            "Tingkat kompetensi adalah 1 sampai 5. / A competency level is 1 to 5.", lowest=1, highest=5
        )
    event = Confirmed(
        employee=command.employee,
        competency=command.competency,
        level=command.level,
        by=command.by,
        on=command.on,
        reason=command.reason,
        enrolment=command.enrolment,
    )
    return [] if event == state.newest else [event]


def evolve(state: State, event: Event) -> State:
    """The newest confirmation counts."""
    return State(event)


DECIDER: Decider[State, Confirm, Event] = Decider(State(), decide, evolve)
