"""The confirmed level as one aggregate."""

from services.training.competency.contract import publish
from services.training.competency.decider import DECIDER, Confirm, State
from services.training.competency.events import EVENTS, Event
from services.training.competency.view import CompetencyRow, row
from shared.eventstore.decider import Slice

COMPETENCY: Slice[State, Confirm, Event] = Slice(
    name="competency", events=EVENTS, decider=DECIDER, publish=publish, table=CompetencyRow, row=row
)
