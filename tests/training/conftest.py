"""The training service's database as each of its roles sees it, and its HTTP face."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.training.app import SERVICE
from shared.eventstore.database import Database
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from shared.runtime import build
from shared.testing.infrastructure import Databases
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.settings import Settings
from tests.training.world import MEDAN, directory, person

#: Bears the token of a person with roles: `as_("Ani")`, `as_("Hana", "hr")`.
As = Callable[..., dict[str, str]]
Hear = Callable[..., Any]

STAFF = {"Kadis": None, "Budi": "Kadis", "Ani": "Budi", "Tono": "Budi", "Hana": "Kadis", "Yuni": None}


@pytest.fixture(scope="session")
def signing_key() -> bytes:
    return new_signing_key()


@pytest.fixture
def addresses(databases: Databases) -> Any:
    """Addresses of a fresh migrated database."""
    return databases("training")


@pytest.fixture
async def worker(addresses: Any) -> AsyncIterator[Database]:
    """The database as the worker sees it."""
    db = Database(addresses.url("worker"))
    yield db
    await db.close()


@pytest.fixture
async def api(addresses: Any) -> AsyncIterator[Database]:
    """The database as the api sees it."""
    db = Database(addresses.url("api"))
    yield db
    await db.close()


@pytest.fixture
def hear(worker: Database) -> Hear:
    """Hands messages to the handler that listens to their type."""

    async def deliver_all(*messages: Received[Any]) -> None:
        for subscription in SERVICE.subscriptions:
            mine = [message for message in messages if type(message.data) in subscription.messages]
            if mine:
                await deliver(worker, subscription, mine)

    return deliver_all


@pytest.fixture
async def medan(hear: Hear) -> None:
    """Budi leads Ani and Tono; Hana is hr; Yuni has no superior; Kadis heads the unit."""
    await hear(*directory(STAFF, {"Tono": "PPPK"}))


@pytest.fixture
async def http(addresses: Any, api: Database, signing_key: bytes, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service's own application."""
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks_of(signing_key))
    settings = Settings(environment="embedded", database_url_api=addresses.url("api"), jwks=str(keys))
    app = build(SERVICE, settings, ("api",))
    app.state.db = api
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://training/api/v1/{MEDAN}") as client:
        yield client


@pytest.fixture
def as_(signing_key: bytes) -> As:
    """Headers of a person's token."""

    def headers(name: str, *roles: str, instansi: str = MEDAN, **more: str) -> dict[str, str]:
        token = development_token(signing_key, instansi=instansi, roles=["staff", *roles], employee=person(name))
        return {"Authorization": f"Bearer {token}", **more}

    return headers
