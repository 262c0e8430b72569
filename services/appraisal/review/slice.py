"""The life of a review, put together."""

from services.appraisal.review.contract import publish
from services.appraisal.review.decider import DECIDER, Command, State
from services.appraisal.review.events import EVENTS, Event
from services.appraisal.review.view import ReviewRecordRow, row
from shared.eventstore.decider import Slice

REVIEW: Slice[State, Command, Event] = Slice(
    name="review", events=EVENTS, decider=DECIDER, publish=publish, table=ReviewRecordRow, row=row
)
