"""The entry, put together."""

from services.activity.entry.commands import Command
from services.activity.entry.contract import publish
from services.activity.entry.decider import DECIDER, State
from services.activity.entry.events import EVENTS, Event
from services.activity.entry.view import EntryRow, row
from shared.eventstore.decider import Slice

ENTRY: Slice[State, Command, Event] = Slice(
    name="entry", events=EVENTS, decider=DECIDER, publish=publish, table=EntryRow, row=row
)
