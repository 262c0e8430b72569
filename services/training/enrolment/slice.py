"""The enrolment as one aggregate."""

from services.training.enrolment.contract import publish
from services.training.enrolment.decider import DECIDER, Command, State
from services.training.enrolment.events import EVENTS, Event
from services.training.enrolment.view import EnrolmentRow, row
from shared.eventstore.decider import Slice

ENROLMENT: Slice[State, Command, Event] = Slice(
    name="enrolment", events=EVENTS, decider=DECIDER, publish=publish, table=EnrolmentRow, row=row
)
