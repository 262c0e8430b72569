"""The directory service as a process would build it, on a fresh database, and tokens for it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.directory.app import SERVICE
from shared.eventstore.database import Database
from shared.runtime import build
from shared.testing.infrastructure import Databases
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.settings import Settings

KEY = new_signing_key()

#: Calls the API: method, path below the instansi, body; answers the response.
Call = Callable[..., Awaitable[httpx.Response]]


def bearer(*roles: str, instansi: str = "medan", employee: UUID | None = None) -> dict[str, str]:
    """Headers with a token."""
    token = development_token(KEY, instansi=instansi, roles=roles, employee=employee)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def addresses(databases: Databases) -> Any:
    """Addresses of a fresh migrated database."""
    return databases("directory")


@pytest.fixture
async def worker(addresses: Any) -> AsyncIterator[Database]:
    """The database as the worker sees it."""
    db = Database(addresses.url("worker"))
    yield db
    await db.close()


@pytest.fixture
async def client(addresses: Any, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The service's API."""
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks_of(KEY))
    settings = Settings(environment="embedded", database_url_api=addresses.url("api"), jwks=str(keys))
    app = build(SERVICE, settings, ("api",))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://directory") as made,
    ):
        yield made


@pytest.fixture
def call(client: httpx.AsyncClient) -> Call:
    """Call as HR of medan unless told otherwise."""

    async def send(
        method: str,
        path: str,
        body: Any = None,
        *,
        roles: tuple[str, ...] = ("hr",),
        employee: UUID | None = None,
        instansi: str = "medan",
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = bearer(*roles, instansi=instansi, employee=employee) | (headers or {})
        return await client.request(method, f"/api/v1/{instansi}{path}", json=body, headers=sent)

    return send


MEDAN = {"name": "Pemerintah Kota Medan", "zone": "WIB", "first_day": "2026-01-01", "holidays": ["2026-08-17"]}


@pytest.fixture
async def medan(call: Call) -> Call:
    """The same, with medan registered."""
    answer = await call("PUT", "/instansi", MEDAN, roles=("system",))
    assert answer.status_code == 201, answer.text
    return call
