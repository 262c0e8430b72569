"""Confirming a level, after training or coaching: one way for both."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from services.training.competency.decider import Confirm, State, competency_id
from services.training.competency.events import Event
from services.training.competency.slice import COMPETENCY
from shared.eventstore.decider import Context, Order, Outcome
from shared.eventstore.execute import execute
from shared.eventstore.texts import keep


async def confirm(
    conn: AsyncConnection,
    context: Context,
    *,
    by: UUID,
    employee: UUID,
    competency: str,
    level: int,
    reason: str,
    enrolment: UUID | None = None,
) -> Outcome[State, Event]:
    """Record that `by` found `employee` at `level`; raises LevelOutOfRange. The same again on the same day changes nothing."""
    stream = competency_id(context.instansi, employee, competency)
    kept = await keep(conn, context.instansi, [(stream, by, reason)])
    command = Confirm(
        employee=employee,
        competency=competency,
        level=level,
        by=by,
        on=await today(conn, context),
        reason=kept[stream, reason],
        enrolment=enrolment,
    )
    [outcome] = await execute(conn, COMPETENCY, context, [Order(stream, command)])
    return outcome.accepted()
