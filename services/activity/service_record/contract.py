"""What the world is told about a service record."""

from services.activity.service_record.decider import State
from services.activity.service_record.events import Event
from shared.contracts.activity import ServiceRecordChanged
from shared.contracts.base import Message
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> Message:
    """The record after the event."""
    assert state is not None, "after an event there is a record"
    service = state.service
    return ServiceRecordChanged(
        record=at.stream,
        product=service.product,
        officer=service.officer,
        unit=service.unit,
        started=service.started,
        due=service.due,
        completed=service.completed,
        period=state.period,
        on_time=state.on_time,
    )
