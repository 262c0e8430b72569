"""What the road hears of an enrolment. A confirmed level is told by the competency itself."""

from typing import assert_never

from services.training.enrolment.decider import State
from services.training.enrolment.events import Cancelled, Completed, Enrolled, Event, LevelConfirmed
from shared.contracts import training
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> training.EnrolmentFact | None:
    """The message about `event`, with the whole enrolment after it."""
    kind = _type(event)
    if kind is None or state.enrolled is None or state.status is None:
        return None
    return kind(
        enrolment=at.stream,
        employee=state.enrolled.employee,
        course=state.enrolled.course,
        competencies=state.enrolled.competencies,
        status=state.status,
        starts=state.enrolled.starts,
        completed=state.completed.on if state.completed else None,
    )


def _type(event: Event) -> type[training.EnrolmentFact] | None:
    match event:
        case Enrolled():
            return training.Enrolled
        case Completed():
            return training.EnrolmentCompleted
        case Cancelled():
            return training.EnrolmentCancelled
        case LevelConfirmed():
            return None
        case _:
            assert_never(event)
