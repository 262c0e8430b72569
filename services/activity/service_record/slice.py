"""The service record, put together."""

from services.activity.service_record.contract import publish
from services.activity.service_record.decider import DECIDER, Record, State
from services.activity.service_record.events import EVENTS, Event
from services.activity.service_record.view import ServiceRecordRow, row
from shared.eventstore.decider import Slice

SERVICE_RECORD: Slice[State, Record, Event] = Slice(
    name="service_record", events=EVENTS, decider=DECIDER, publish=publish, table=ServiceRecordRow, row=row
)
