"""The reaction to an approval: a seat in each approved course, in the same transaction."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from services.training.course.view import seats_for
from services.training.development_plan.decider import Approve, State
from services.training.development_plan.decider import Command as PlanCommand
from services.training.development_plan.events import Approved, Event, Item
from services.training.development_plan.slice import DEVELOPMENT_PLAN
from services.training.enrolment.decider import Command, Enrol, enrolment_id
from services.training.enrolment.slice import ENROLMENT
from shared.eventstore.decider import Context, Order, Outcome, event_id
from shared.eventstore.execute import execute


async def approve(
    conn: AsyncConnection, context: Context, plan: UUID, courses: set[UUID], command: Approve, seen: int
) -> Outcome[State, Event]:
    """Approve the version `seen` of a plan, whose items ask for `courses`, and enrol its employee."""
    seats = await seats_for(conn, context.instansi, courses, await today(conn, context))
    orders: list[Order[PlanCommand]] = [Order(plan, command, expected=seen)]
    [outcome] = await execute(conn, DEVELOPMENT_PLAN, context, orders)
    outcome.accepted()
    for event in outcome.events:
        if isinstance(event, Approved):
            cause = str(event_id(context.instansi, plan, outcome.version))
            follows = replace(context, causation_id=cause, origin="reaction")
            seated = _enrolments(plan, outcome.state, event, seats)
            for enrolled in await execute(conn, ENROLMENT, follows, seated):
                enrolled.accepted()
    return outcome


def _enrolments(plan: UUID, state: State, event: Approved, seats: Mapping[UUID, date | None]) -> list[Order[Command]]:
    """One seat a course, also where it meets several needs; the id is that of its first need."""
    assert state.employee is not None, "a plan begins with its proposal"
    by_course: dict[UUID, list[Item]] = defaultdict(list)
    for item in state.approved:
        if item.need in event.needs and item.course is not None:
            by_course[item.course].append(item)
    return [
        Order(
            enrolment_id(plan, items[0].need, items[0].attempt),
            Enrol(
                employee=state.employee,
                course=course,
                competencies=tuple(sorted(item.competency for item in items)),
                needs=tuple(item.need for item in items),
                plan=plan,
                starts=seats.get(course),
            ),
        )
        for course, items in by_course.items()
    ]
