"""The reaction that keeps development plans in line with open needs and the catalogue."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from services.training.course.view import lock_catalogue, offers_for
from services.training.development_plan.decider import Command, Sync, Wanted, plan_id
from services.training.development_plan.slice import DEVELOPMENT_PLAN
from services.training.development_plan.view import plans_of
from services.training.enrolment.view import taken_in_vain
from services.training.need.view import lock, open_needs
from services.training.rules.choice import best_course, target_level
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute


async def replan(
    conn: AsyncConnection,
    context: Context,
    employees: Collection[UUID],
    released: frozenset[tuple[UUID, UUID]] = frozenset(),
) -> None:
    """Bring the plans of these people up to date; `released` are approved (need, course) that came to nothing.

    A plan belongs to the year in which its needs arose. Doing it again changes nothing.
    """
    instansi = context.instansi
    await lock_catalogue(conn, instansi)
    await lock(conn, instansi, employees)
    needs = await open_needs(conn, instansi, employees)
    offers = await offers_for(conn, instansi, {need.competency for need in needs})
    in_vain = await taken_in_vain(conn, instansi, employees)
    day = await today(conn, context)
    wanted: dict[tuple[UUID, int], list[Wanted]] = defaultdict(list)
    for need in needs:
        target = target_level(need.required, need.level)
        best = best_course(offers, need.competency, target, day, in_vain.get(need.id, ()))
        fits = frozenset(offer.course for offer in offers if need.competency in offer.competencies)
        wanted[need.employee, need.since.year].append(Wanted(need.id, need.competency, best, fits))
    plans = sorted({*wanted, *await plans_of(conn, instansi, employees)})
    orders: list[Order[Command]] = [
        Order(plan_id(instansi, employee, year), Sync(employee, year, tuple(wanted[employee, year]), released))
        for employee, year in plans
    ]
    for outcome in await execute(conn, DEVELOPMENT_PLAN, context, orders):
        outcome.accepted()
