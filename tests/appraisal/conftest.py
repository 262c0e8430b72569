"""The appraisal service's database, and a way to feed it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
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
from shared.web.app import create_app
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.keys import KeySource
from shared.web.tokens import DEVELOPMENT_ISSUER, TokenVerifier
from tests.appraisal.world import name, results

_KEY = new_signing_key()

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


@dataclass
class Http:
    """The service over HTTP, with tokens of anybody."""

    client: httpx.AsyncClient

    async def __call__(
        self,
        who: str | None,
        method: str,
        path: str,
        json: Any = None,
        *roles: str,
        instansi: str = "medan",
        **more: Any,
    ) -> httpx.Response:
        """One request of the employee named `who` (None: a system) under /api/v1/medan; staff unless told otherwise."""
        employee = name(who) if who else None
        token = development_token(_KEY, instansi=instansi, roles=roles or ("staff",), employee=employee)
        headers = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})
        return await self.client.request(method, f"/api/v1/medan{path}", headers=headers, json=json, **more)


@pytest.fixture
async def http(made: Any, tmp_path: Path) -> AsyncIterator[Http]:
    """The service's routes on the api role's database."""
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks_of(_KEY))
    api = Database(made.url("api"))
    app = create_app(
        name=SERVICE.name,
        title=SERVICE.title,
        version="test",
        routers=SERVICE.routers,
        tokens=TokenVerifier(KeySource(str(keys)), issuers=[DEVELOPMENT_ISSUER], environment="embedded"),
        readiness=_nothing,
        status=_no_status,
    )
    app.state.db = api
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://appraisal") as client:
        yield Http(client)
    await api.close()


async def _nothing() -> list[str]:
    return []


async def _no_status() -> dict[str, Any]:
    return {}
