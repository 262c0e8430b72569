"""What the road hears of a development plan."""

from typing import assert_never

from services.training.development_plan.decider import State
from services.training.development_plan.events import Approved, Event, NeedsEnded, Proposed, Returned
from shared.contracts.training import (
    DevelopmentPlanAmended,
    DevelopmentPlanApproved,
    DevelopmentPlanFact,
    DevelopmentPlanProposed,
    DevelopmentPlanReturned,
    PlannedCourse,
)
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> DevelopmentPlanFact:
    """The message about `event`, with the whole plan after it."""
    assert state.employee is not None, "a plan begins with its proposal"
    waiting = {item.need for item in state.waiting}
    items = [*state.waiting, *(item for item in state.approved if item.need not in waiting)]
    return _type(event)(
        development_plan=at.stream,
        employee=state.employee,
        year=state.year,
        status=state.status,
        courses=tuple(
            PlannedCourse(need=item.need, competency=item.competency, course=item.course)
            for item in sorted(items, key=lambda item: item.need)
        ),
    )


def _type(event: Event) -> type[DevelopmentPlanFact]:
    match event:
        case Proposed():
            return DevelopmentPlanProposed
        case Approved():
            return DevelopmentPlanApproved
        case Returned():
            return DevelopmentPlanReturned
        case NeedsEnded():
            return DevelopmentPlanAmended
        case _:
            assert_never(event)
