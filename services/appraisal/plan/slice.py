"""The life of a plan (SKP), put together."""

from services.appraisal.plan.contract import publish
from services.appraisal.plan.decider import DECIDER, Command, State
from services.appraisal.plan.events import EVENTS, Event
from services.appraisal.plan.view import PlanRow, row
from shared.eventstore.decider import Slice

PLAN: Slice[State, Command, Event] = Slice(
    name="plan", events=EVENTS, decider=DECIDER, publish=publish, table=PlanRow, row=row
)
