"""The development plan as one aggregate."""

from services.training.development_plan.contract import publish
from services.training.development_plan.decider import DECIDER, Command, State
from services.training.development_plan.events import EVENTS, Event
from services.training.development_plan.view import DevelopmentPlanRow, row
from shared.eventstore.decider import Slice

DEVELOPMENT_PLAN: Slice[State, Command, Event] = Slice(
    name="development-plan", events=EVENTS, decider=DECIDER, publish=publish, table=DevelopmentPlanRow, row=row
)
