"""The appraisal service's database, and a way to feed it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from services.appraisal.app import SERVICE
from services.appraisal.plan.decider import Command, Import
from services.appraisal.plan.events import Indicator
from services.appraisal.plan.slice import PLAN
from services.appraisal.plan.view import plan_id
from services.appraisal.review.opening import recompute_year
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.rows import fetch
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from shared.testing.infrastructure import Databases
from tests.appraisal.world import name, results

Tell = Callable[..., Awaitable[None]]
Ask = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
def made(databases: Databases) -> Any:
    """A migrated database."""
    return databases("appraisal")


@pytest.fixture
async def db(made: Any) -> AsyncIterator[Database]:
    """The service's database as its worker sees it."""
    database = Database(made.url("worker"))
    yield database
    await database.close()


@pytest.fixture
def tell(db: Database) -> Tell:
    """Deliver messages, in the order given, each batch to the durable that hears its first message."""

    async def to(*messages: Received[Any]) -> None:
        for subscription in SERVICE.subscriptions:
            wanted = [m for m in messages if isinstance(m.data, subscription.messages)]
            if wanted:
                await deliver(db, subscription, wanted)

    return to


@pytest.fixture
def ask(db: Database) -> Ask:
    """Rows of a query."""

    async def rows(sql: str, *parameters: Any) -> list[Any]:
        async with db.transaction() as conn:
            return [tuple(row) for row in await fetch(conn, sql, *parameters)]

    return rows


def context(instansi: str = "medan", **more: Any) -> Context:
    """Somebody of an instansi, now."""
    now = datetime.now(UTC)
    return Context(instansi=instansi, actor=None, role="hr", now=now, correlation_id="test", **more)


async def plan(
    db: Database, who: str, indicators: Sequence[Indicator], year: int = 2026, instansi: str = "medan"
) -> None:
    """Give somebody a plan agreed elsewhere."""
    command = Import(employee=name(who), year=year, source="test", file_hash="0" * 64, results=results(*indicators))

    async def work(conn: Any) -> None:
        acting = context(instansi, origin="import")
        orders: list[Order[Command]] = [Order(plan_id(instansi, name(who), year), command)]
        [outcome] = await execute(conn, PLAN, acting, orders)
        outcome.accepted()
        await recompute_year(conn, acting, [(name(who), year)])

    await db.run(work)
