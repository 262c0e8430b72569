"""Service records on their way in."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.known import checked_id, known_units
from services.activity.period.gate import LEEWAY, Desk, open_desk
from services.activity.service_record.bodies import ImportedRecord, RecordBody
from services.activity.service_record.decider import Record, State
from services.activity.service_record.events import Event, Service
from services.activity.service_record.slice import SERVICE_RECORD
from shared.errors import Refusal
from shared.eventstore.decider import Context, Order, Outcome
from shared.eventstore.execute import execute
from shared.people.queries import known_employees

Result = Outcome[State, Event]


async def record_all(conn: AsyncConnection, context: Context, items: Sequence[RecordBody]) -> list[Result | Refusal]:
    """Keep each record as it is now, or say why not."""
    desk = await open_desk(conn, context.instansi, context.now)
    latest = context.now + LEEWAY
    officers = await known_employees(conn, context.instansi, {item.officer for item in items})
    units = await known_units(conn, context.instansi, {item.unit for item in items if item.unit is not None})
    checked = [checked_id(item, item.id, context.now) for item in items]
    orders = [
        Order(
            item.id,
            Record(
                service=_service(item),
                latest=latest,
                period=_period(item, desk, latest),
                shut=desk.shut,
                officer_known=item.officer in officers,
                unit_known=item.unit is None or item.unit in units,
                source=item.source.as_source() if isinstance(item, ImportedRecord) else None,
            ),
            at=item.completed or item.started,
        )
        for item in checked
        if not isinstance(item, Refusal)
    ]
    done = iter(await execute(conn, SERVICE_RECORD, context, orders))
    return [item if isinstance(item, Refusal) else next(done) for item in checked]


def _service(item: RecordBody) -> Service:
    return Service(
        product=item.product,
        officer=item.officer,
        unit=item.unit,
        started=item.started,
        due=item.due,
        completed=item.completed,
    )


def _period(item: RecordBody, desk: Desk, latest: datetime) -> str | None:
    """The period of completion; None while it is open, and for times that are refused anyway."""
    if item.completed is None or item.completed > latest:
        return None
    day = desk.rules.local_date(item.completed)
    return desk.period_of(day) if day >= desk.rules.first_day else None
