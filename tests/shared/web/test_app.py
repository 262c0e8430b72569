"""The application around the routes: health, metrics, correlation ids, the access line, documents."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import REGISTRY

from shared.observability.logging import configure_logging
from tests.shared.web.conftest import SITI, Health, Token


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    stream = io.StringIO()
    configure_logging("things", "DEBUG", stream)
    yield stream
    root.handlers = before
    root.setLevel(level)


def access(log: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["logger"] == "kinerja.access"]


async def test_the_service_is_alive_without_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/healthz")
    assert answer.json() == {"service": "things", "version": "1.2.3", "status": "alive"}


async def test_readiness_gives_its_reasons(client: httpx.AsyncClient, health: Health) -> None:
    assert (await client.get("/readyz")).json() == {"ready": True, "reasons": []}
    health.reasons = ["durable review is gone"]
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["durable review is gone"])
    health.failure = ConnectionRefusedError()
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, ["database-unavailable"])


async def test_the_status_is_public_and_says_what_the_service_gives(client: httpx.AsyncClient) -> None:
    assert (await client.get("/status")).json() == {"service": "things", "version": "1.2.3", "outbox": 0}


async def test_metrics_count_requests_by_template_and_never_by_address(client: httpx.AsyncClient, token: Token) -> None:
    def count(route: str, status: str) -> float:
        labels = {"route": route, "method": "GET", "status": status}
        return REGISTRY.get_sample_value("kinerja_http_seconds_count", labels) or 0.0

    template = "/api/v1/{instansi}/things/{number}"
    before, unknown = count(template, "2xx"), count("unknown", "4xx")
    for number in (1, 2, 3):
        await client.get(f"/api/v1/medan/things/{number}", headers=token())
        await client.get(f"/nowhere/{number}")
    assert (count(template, "2xx") - before, count("unknown", "4xx") - unknown) == (3, 3)
    exposed = (await client.get("/metrics")).text
    assert "kinerja_http_seconds_bucket" in exposed
    assert "/nowhere/" not in exposed


@pytest.mark.parametrize("given", ["c-1", "0195ab.x:y_z", "a" * 64])
async def test_a_correlation_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/healthz", headers={"X-Correlation-ID": given})
    assert answer.headers["X-Correlation-ID"] == given


@pytest.mark.parametrize("given", [None, "", "a" * 65, "a b", "x\ty", "<script>", "é"])
async def test_a_missing_or_unsafe_correlation_id_is_replaced(client: httpx.AsyncClient, given: str | None) -> None:
    headers = {} if given is None else {b"X-Correlation-ID": given.encode()}
    answer = await client.get("/healthz", headers=headers)
    assert UUID(answer.headers["X-Correlation-ID"]).version == 7


async def test_one_access_line_a_request_names_who_where_and_how_long(
    client: httpx.AsyncClient, token: Token, log: io.StringIO
) -> None:
    asked = {**token("staff"), "X-Correlation-ID": "c-1"}
    await client.get("/api/v1/medan/things/7?secret=1", headers=asked)
    (line,) = access(log)
    assert line.pop("ms") >= 0
    assert {key: line[key] for key in ("event", "level", "method", "route", "status", "instansi", "caller")} == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "route": "/api/v1/{instansi}/things/{number}",
        "status": 200,
        "instansi": "medan",
        "caller": str(SITI),
    }
    assert line["correlation_id"] == "c-1"
    assert "secret" not in log.getvalue()


async def test_refused_and_unknown_requests_have_their_line_too(
    client: httpx.AsyncClient, token: Token, log: io.StringIO
) -> None:
    await client.get("/api/v1/medan/things/whoami")
    await client.get("/api/v1/Kota%20X/things/whoami", headers=token())
    await client.get("/198001012005011001")
    await client.post("/api/v1/medan/things/batch", content=b"{", headers={"Content-Type": "application/json"})
    await client.get("/readyz")
    lines = access(log)
    assert [(line["status"], line["route"], line["level"]) for line in lines] == [
        (401, "/api/v1/{instansi}/things/whoami", "info"),
        (422, "/api/v1/{instansi}/things/whoami", "info"),
        (404, "unknown", "info"),
        (400, "unknown", "info"),
        (200, "/readyz", "debug"),
    ]
    assert [line["instansi"] for line in lines] == ["medan", None, None, None, None]
    assert "198001012005011001" not in log.getvalue()


async def test_answers_are_neither_cached_nor_guessed_at(client: httpx.AsyncClient, token: Token) -> None:
    for path in ("/api/v1/medan/things/1", "/nowhere"):
        answer = await client.get(path, headers=token())
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_openapi_document_is_served_and_no_page_that_needs_the_net(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert "/api/v1/{instansi}/things/batch" in document["paths"]
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for page in ("/docs", "/redoc"):
        assert (await client.get(page)).status_code == 404


async def test_a_client_that_leaves_while_sending_is_no_defect(app: Any, log: io.StringIO) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/x", "query_string": b"", "headers": [], "app": app}
    await app(scope, receive, send)
    assert sent == []
    assert [line["status"] for line in access(log)] == [499]
