"""What others learn of a review from its own facts; its score travels as `score.changed`."""

from typing import assert_never

from services.appraisal.review.decider import State
from services.appraisal.review.events import (
    Event,
    RatingSet,
    RealisationConfirmed,
    RealisationEntered,
    ReviewAdjusted,
    ReviewClosed,
)
from shared.contracts import appraisal as public
from shared.contracts.base import Message
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> Message | None:
    """The public fact; a stated realisation shows in the score only."""
    match event:
        case RatingSet():
            return public.RatingSet(
                review=at.stream,
                employee=event.employee,
                period=event.period,
                work_result=event.work_result.value,
                behaviour=event.behaviour.value,
                predicate=event.predicate.value,
                recommended=event.recommended.value if event.recommended else None,
                rated_by=event.rated_by,
            )
        case ReviewClosed():
            return public.ReviewClosed(
                review=at.stream,
                employee=event.employee,
                period=event.period,
                percent=event.percent,
                recommendation=event.recommendation.value if event.recommendation else None,
                predicate=state.rating.predicate.value if state.rating else None,
                rule=event.rule,
                rule_version=event.rule_version,
            )
        case ReviewAdjusted():
            return public.ReviewAdjusted(
                review=at.stream,
                employee=state.employee,
                period=state.period,
                old_percent=event.old_percent,
                new_percent=event.new_percent,
                cause=event.cause,
                cause_source=event.cause_source,
            )
        case RealisationEntered() | RealisationConfirmed():
            return None
        case _:
            assert_never(event)
