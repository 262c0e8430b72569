"""A small application with the real middleware, tokens and problem documents."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Refusal, StaleVersion
from shared.web.app import create_app
from shared.web.auth import Caller, CallerDep, employee_of, requires
from shared.web.concurrency import IfMatch, etag
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.edge import ContextDep
from shared.web.keys import KeySource
from shared.web.messages import Wording
from shared.web.paging import Page, PagingDep
from shared.web.problem import refused_item
from shared.web.tokens import DEVELOPMENT_ISSUER, TokenVerifier

SITI = UUID("01955091-1800-7000-8000-000000000001")
Token = Callable[..., dict[str, str]]


class Quota(Refusal):
    code = "quota-used-up"
    status = 409


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["a", "b"] = "a"
    quantity: Annotated[Decimal, Field(ge=0, max_digits=6)]
    on: date | None = None
    note: Annotated[str, Field(max_length=20)] = ""


class Batch(BaseModel):
    items: Annotated[list[Item], Field(max_length=3)]


def routes() -> APIRouter:
    router = APIRouter(prefix="/things")
    quota = Quota("Kuota habis.", limit=5)
    failures: dict[str, Exception] = {
        "defect": RuntimeError("Siti broke it"),
        "refused": quota,
        "stale": StaleVersion("Muat ulang.", version=4),
        "connection": ConnectionRefusedError("no PostgreSQL"),
    }

    @router.get("")
    async def page(asked: PagingDep) -> Page[int]:
        seen = asked.after(int, date)
        start = 0 if seen is None else seen[0] + 1
        rows = list(range(start, min(start + asked.limit + 1, 5)))
        return asked.page(rows, lambda number: (number, date(2025, 1, 1)))

    @router.post("/batch")
    async def batch(body: Batch) -> dict[str, int]:
        return {"count": len(body.items)}

    @router.post("/anything")
    async def anything(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @router.post("/keys")
    async def keys(body: dict[str, Any]) -> list[str]:
        return list(body)

    @router.get("/refused-item")
    async def item(request: Request) -> dict[str, Any]:
        return refused_item(request, quota)

    @router.get("/version")
    async def version(seen: IfMatch) -> dict[str, int | None]:
        return {"seen": seen}

    @router.get("/etag")
    async def tag() -> str:
        return etag(3)

    @router.get("/whoami")
    async def whoami(caller: CallerDep) -> dict[str, Any]:
        return {"employee": caller.employee, "roles": sorted(caller.roles), "id": caller.id}

    @router.get("/own")
    async def own(caller: CallerDep) -> UUID:
        return employee_of(caller)

    @router.get("/traceparent")
    async def traced(context: ContextDep) -> str | None:
        return context.traceparent

    @router.get("/hr")
    async def hr(caller: Annotated[Caller, Depends(requires("hr", "system"))]) -> str:
        return caller.id

    @router.get("/fail/{how}")
    async def fail(how: str) -> None:
        raise failures[how]

    @router.get("/{number}")
    async def one(number: int) -> int:
        return number

    return router


class Health:
    """What the test's service says about itself."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.failure: Exception | None = None

    async def readiness(self) -> list[str]:
        if self.failure is not None:
            raise self.failure
        return self.reasons

    async def status(self) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        return {"outbox": 0}


@pytest.fixture(scope="session")
def signing_key() -> bytes:
    return new_signing_key()


@pytest.fixture
def key_file(signing_key: bytes, tmp_path: Path) -> Path:
    file = tmp_path / "jwks.json"
    file.write_bytes(jwks_of(signing_key))
    return file


@pytest.fixture
def token(signing_key: bytes) -> Token:
    """A maker of headers with a token of Siti, staff of medan, unless told otherwise."""

    def make(*roles: str, instansi: str = "medan", employee: UUID | None = SITI, **claims: Any) -> dict[str, str]:
        made = development_token(signing_key, instansi=instansi, roles=roles or ("staff",), employee=employee, **claims)
        return {"Authorization": f"Bearer {made}"}

    return make


@pytest.fixture
def verifier(key_file: Path) -> TokenVerifier:
    return TokenVerifier(KeySource(str(key_file)), issuers=[DEVELOPMENT_ISSUER], environment="embedded")


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def app(verifier: TokenVerifier, health: Health) -> FastAPI:
    return create_app(
        name="things",
        title="Things",
        version="1.2.3",
        routers=[routes()],
        tokens=verifier,
        readiness=health.readiness,
        status=health.status,
        titles={"quota-used-up": Wording("Kuota habis", "The quota is used up")},
        body_limit=4096,
    )


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://things") as made:
        yield made
