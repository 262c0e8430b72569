"""What the road hears of a confirmed level: appraisal closes the gap with it."""

from services.training.competency.decider import State
from services.training.competency.events import Event
from shared.contracts.training import CompetencyConfirmed
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> CompetencyConfirmed:
    """The message about a confirmation; its source is the employee's level in the competency."""
    return CompetencyConfirmed(
        confirmation=at.event_id,
        employee=event.employee,
        competency=event.competency,
        level=event.level,
        confirmed_by=event.by,
        confirmed_on=event.on,
        enrolment=event.enrolment,
    )
