"""One way to build a service's HTTP application."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.eventstore.database import is_outage
from shared.web.auth import caller_of, operator
from shared.web.keys import KeySource
from shared.web.messages import Wording
from shared.web.middleware import Admission, Edge, InputGuard
from shared.web.problem import install
from shared.web.settings import Settings
from shared.web.tokens import TokenVerifier

API = "/api/v1/{instansi}"
BODY_LIMIT = 2 * 1024 * 1024
#: Twenty-five times the connections of the pool: whoever is let in is answered within seconds.
AT_ONCE = 500
_READY_SECONDS = 3.0

Readiness = Callable[[], Awaitable[Sequence[str]]]
Status = Callable[[], Awaitable[Mapping[str, Any]]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_log = structlog.get_logger(__name__)


def create_app(
    *,
    name: str,
    title: str,
    version: str,
    routers: Sequence[APIRouter],
    tokens: TokenVerifier,
    readiness: Readiness,
    status: Status,
    figures: Status | None = None,
    lifespan: Lifespan | None = None,
    titles: Mapping[str, Wording] | None = None,
    body_limit: int = BODY_LIMIT,
    at_once: int = AT_ONCE,
    forms: bool = False,
) -> FastAPI:
    """The application of service `name`: its routers under `/api/v1/{instansi}`, each route behind a token.

    `readiness` gives the reasons why the service is not ready (none: ready), `status` what `/status` shows to
    anybody (no personal data), `figures` what each instansi makes it do, for operators, `titles` the wording of the
    service's own refusal codes, `body_limit` bytes, `at_once` requests in hand, `forms` whether pages send theirs.
    """
    # Not FastAPI's own pages: their scripts come from the net.
    app = FastAPI(
        title=title, version=version, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.state.tokens = tokens
    app.state.titles = titles or {}
    for router in routers:
        app.include_router(router, prefix=API, dependencies=[Depends(caller_of)])
    _plumbing(app, name, version, readiness, status)
    if figures is not None:
        _operations(app, name, figures)
    install(app)
    app.add_middleware(Admission, at_once=at_once)  # behind the guard: who sends slowly takes no place
    app.add_middleware(InputGuard, limit=body_limit, forms=forms)
    app.add_middleware(Edge)
    return app


def token_verifier(settings: Settings) -> TokenVerifier:
    """The verifier for the keys, issuers and environment of these settings."""
    return TokenVerifier(KeySource(settings.jwks), issuers=settings.trusted_issuers, environment=settings.environment)


def _plumbing(app: FastAPI, name: str, version: str, readiness: Readiness, status: Status) -> None:
    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return _json({"service": name, "version": version, "status": "alive"})

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> Response:
        reasons = await _reasons(readiness)
        return _json({"ready": not reasons, "reasons": reasons}, 503 if reasons else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/status", include_in_schema=False)
    async def state() -> Response:
        return _json({"service": name, "version": version, **await status()})


def _operations(app: FastAPI, name: str, figures: Status) -> None:
    @app.get("/operations/instansi", include_in_schema=False, dependencies=[Depends(operator)])
    async def by_instansi() -> Response:
        return _json({"service": name, "instansi": await figures()})


async def _reasons(readiness: Readiness) -> list[str]:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            return list(await readiness())
    except TimeoutError:
        return [f"readiness took longer than {_READY_SECONDS:g} seconds"]
    except Exception as error:
        if is_outage(error):
            return ["database-unavailable"]
        raise


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(content, default=str), status, media_type="application/json")
