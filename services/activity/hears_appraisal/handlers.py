"""Which indicators an employee has, so that work for an unknown one is refused at once."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.hears_appraisal.tables import HeardPlan
from shared.contracts.appraisal import PlanAgreed, PlanFact, PlanProposed, PlanReturned, RecordRenewed
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription


async def keep_plans(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    """Keep the newest version of each plan."""
    rows = [_row(message) for message in messages if isinstance(message.data, PlanFact)]
    await upsert(conn, HeardPlan, rows, newer=("epoch", "version"))


def _row(message: Received[PlanFact]) -> dict[str, Any]:
    plan = message.data
    return {
        "instansi": message.instansi,
        "id": plan.plan,
        "epoch": message.epoch,
        "version": message.version,
        "employee": plan.employee,
        "indicators": sorted({str(each.indicator) for each in (*plan.indicators, *plan.in_force)}),
    }


async def forget_plans(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    """What appraisal's restored record no longer says is no plan any more."""
    await fetch(conn, "DELETE FROM heard_plan WHERE instansi = $1 AND epoch < $2", instansi, epoch)


PLANS = Subscription(
    durable="activity--appraisal--plans",
    messages=(PlanProposed, PlanReturned, PlanAgreed, RecordRenewed),
    handle=keep_plans,
    renew=forget_plans,
)


async def known_indicators(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """(employee, indicator) of every plan these people have."""
    sql = "SELECT employee, unnest(indicators) FROM heard_plan WHERE instansi = $1 AND employee = ANY($2::uuid[])"
    return {(row[0], row[1]) for row in await fetch(conn, sql, instansi, list(employees))}
