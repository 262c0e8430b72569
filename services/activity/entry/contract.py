"""What the world is told about an entry: its state after each fact."""

from typing import assert_never

from services.activity.entry import events
from services.activity.entry.decider import State
from services.activity.entry.events import Event
from shared.contracts import activity
from shared.contracts.base import Message
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> Message:
    """The public message of an event."""
    assert state is not None, "after an event there is an entry"
    content = state.content
    return _type(event)(
        entry=at.stream,
        employee=state.employee,
        day=content.day,
        period=state.period,
        indicator=content.indicator,
        quantity=content.quantity,
        minutes=content.minutes,
        activity=content.activity,
        status=state.status,
        verdict=state.verdict,
        verified_by=state.decided_by if state.status == "verified" else None,
        late=state.late,
        unit=content.unit,
        lapsed_by=state.lapsed_by,
    )


def _type(event: Event) -> type[activity.EntryFact]:
    match event:
        case events.EntryLogged():
            return activity.EntryLogged
        case events.EntryAmended():
            return activity.EntryAmended
        case events.EntryWithdrawn():
            return activity.EntryWithdrawn
        case events.EntryVerified():
            return activity.EntryVerified
        case events.EntryReturned():
            return activity.EntryReturned
        case events.VerificationWithdrawn():
            return activity.VerificationWithdrawn
        case events.EntryLapsed():
            return activity.EntryLapsed
        case events.EntryImported():
            return activity.EntryImported
        case _:
            assert_never(event)
