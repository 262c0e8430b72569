"""The activity service on real PostgreSQL, with real tokens, and a small agency that it heard of."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest
from sqlalchemy import text

from deploy.embedded.postgres import Postgres
from deploy.provision import Database as Address
from services.activity.app import SERVICE
from services.activity.hears_appraisal.handlers import PLANS
from services.activity.hears_directory.handlers import PEOPLE
from shared.eventstore.database import Database
from shared.ids import fresh_id
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from shared.testing.infrastructure import Databases
from shared.web.app import create_app
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.keys import KeySource
from shared.web.tokens import DEVELOPMENT_ISSUER, TokenVerifier
from tests.activity import people

_KEY = new_signing_key()


@dataclass
class Activity:
    """The service as tests use it: `as_` gives the headers of somebody, the rest is HTTP and what was recorded."""

    client: httpx.AsyncClient
    api: Database
    worker: Database

    def as_(self, employee: UUID | None, *roles: str, instansi: str = "medan") -> dict[str, str]:
        """Headers with a token; staff unless told otherwise."""
        token = development_token(_KEY, instansi=instansi, roles=roles or ("staff",), employee=employee)
        return {"Authorization": f"Bearer {token}"}

    async def call(
        self, method: str, path: str, employee: UUID | None, *roles: str, json: Any = None, **more: Any
    ) -> httpx.Response:
        """One request under /api/v1/medan."""
        headers = self.as_(employee, *roles) | more.pop("headers", {})
        return await self.client.request(method, f"/api/v1/medan{path}", headers=headers, json=json, **more)

    async def log(self, employee: UUID, **body: Any) -> UUID:
        """An entry of today unless told otherwise."""
        entry = fresh_id()
        content = {"day": people.today().isoformat(), "quantity": 1} | body
        answer = await self.call("PUT", f"/entries/{entry}", employee, json=content)
        assert answer.status_code == 201, answer.text
        return entry

    async def hear(self, *messages: Received[Any]) -> None:
        """Deliver messages of the directory."""
        await deliver(self.worker, PEOPLE, messages)

    async def hear_plans(self, *messages: Received[Any]) -> None:
        """Deliver messages of the appraisal service."""
        await deliver(self.worker, PLANS, messages)

    async def rows(self, sql: str, **parameters: Any) -> Sequence[Any]:
        """What the worker sees in the database."""
        async with self.worker.transaction() as conn:
            return (await conn.execute(text(sql), parameters)).all()

    async def told(self, kind: str = "%") -> list[dict[str, Any]]:
        """The public messages that wait in the outbox, of types like `%entry.verified%`."""
        rows = await self.rows("SELECT body FROM outbox WHERE subject LIKE :kind ORDER BY id", kind=kind)
        return [orjson.loads(row[0]) for row in rows]


@pytest.fixture(scope="session")
def activity_database(postgres: Postgres, _templates: dict[str, str]) -> Iterator[Address]:
    """One migrated database for all tests of the service; each leaves it empty."""
    databases = Databases(postgres, _templates)
    yield databases("activity")
    databases.drop_all()


async def _empty(owner_url: str) -> None:
    conn = await asyncpg.connect(owner_url)
    tables = await conn.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relname NOT IN ('epoch', 'alembic_version')"
    )
    await conn.execute("; ".join(f"DELETE FROM {row[0]}" for row in tables))
    await conn.close()


@pytest.fixture
async def activity(activity_database: Address, tmp_path: Path) -> AsyncIterator[Activity]:
    """The service, which has heard of the small agency."""
    made = activity_database
    api, worker = Database(made.url("api")), Database(made.url("worker"))
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks_of(_KEY))
    app = create_app(
        name=SERVICE.name,
        title=SERVICE.title,
        version="test",
        titles=SERVICE.titles,
        routers=SERVICE.routers,
        tokens=TokenVerifier(KeySource(str(keys)), issuers=[DEVELOPMENT_ISSUER], environment="embedded"),
        readiness=_nothing_wrong,
        status=_no_status,
    )
    app.state.db = api
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://activity") as client:
        service = Activity(client, api, worker)
        await service.hear(*people.office())
        await service.hear_plans(people.plan(people.SITI, people.EXAMINATIONS))
        yield service
    await api.close()
    await worker.close()
    await _empty(made.url("owner", "postgresql"))


async def _nothing_wrong() -> list[str]:
    return []


async def _no_status() -> dict[str, Any]:
    return {}
