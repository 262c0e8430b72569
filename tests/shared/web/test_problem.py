"""Problem documents: one clear error with a stable code for everything that can go wrong."""

import io
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.ext.asyncio import create_async_engine

from shared.observability.logging import configure_logging
from shared.web.problem import field_errors
from tests.shared.web.conftest import Health, Token

BATCH = "/api/v1/medan/things/batch"
ANYTHING = "/api/v1/medan/things/anything"
KEYS = "/api/v1/medan/things/keys"
JSON = {"Content-Type": "application/json"}


async def test_a_refusal_becomes_a_whole_document(client: httpx.AsyncClient, token: Token) -> None:
    asked = {**token(), "X-Correlation-ID": "c-1"}
    answer = await client.get("/api/v1/medan/things/fail/refused", headers=asked)
    assert answer.status_code == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:kinerja:problem:quota-used-up",
        "title": "Kuota habis",
        "status": 409,
        "detail": "Kuota habis.",
        "instance": "/api/v1/medan/things/fail/refused",
        "code": "quota-used-up",
        "correlation_id": "c-1",
        "limit": 5,
    }


async def test_a_refused_item_of_a_batch_says_the_same_as_a_document(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.get("/api/v1/medan/things/refused-item", headers={**token(), "Accept-Language": "en"})
    assert answer.json() == {
        "code": "quota-used-up",
        "status": 409,
        "title": "The quota is used up",
        "detail": "Kuota habis.",
        "limit": 5,
    }


@pytest.mark.parametrize(
    ("accept", "title"),
    [
        ("", "Data sudah berubah"),
        ("en", "The data has changed meanwhile"),
        ("en-GB,en;q=0.9,id;q=0.8", "The data has changed meanwhile"),
        ("id,en;q=0.9", "Data sudah berubah"),
        ("fr,en;q=0.5", "The data has changed meanwhile"),
        ("*", "Data sudah berubah"),
        ("en;q=x", "Data sudah berubah"),
    ],
)
async def test_the_title_is_indonesian_unless_english_is_liked_better(
    client: httpx.AsyncClient, token: Token, accept: str, title: str
) -> None:
    asked = {**token(), "Accept-Language": accept}
    answer = await client.get("/api/v1/medan/things/fail/stale", headers=asked)
    assert (answer.status_code, answer.json()["title"]) == (412, title)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "route-not-found"),
        ("GET", "/api/v1/medan/nothing", 404, "route-not-found"),
        ("GET", "/api/v1/medan/things/", 404, "route-not-found"),
        ("DELETE", BATCH, 405, "method-not-allowed"),
    ],
)
async def test_an_unknown_route_or_method_is_a_problem_too(
    client: httpx.AsyncClient, token: Token, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path, headers=token())
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("item", "field", "message"),
    [
        ({}, "items[0].quantity", "wajib diisi"),
        ({"quantity": "-1"}, "items[0].quantity", "harus 0 atau lebih"),
        ({"quantity": "1e9"}, "items[0].quantity", "paling banyak 6 angka"),
        ({"quantity": "NaN"}, "items[0].quantity", "harus bilangan berhingga"),
        ({"quantity": "Infinity"}, "items[0].quantity", "harus bilangan berhingga"),
        ({"quantity": "rahasia"}, "items[0].quantity", "harus bilangan desimal, misalnya 12.50"),
        ({"quantity": "1", "kind": "rahasia"}, "items[0].kind", "harus salah satu dari: 'a' or 'b'"),
        ({"quantity": "1", "on": "rahasia"}, "items[0].on", "harus tanggal YYYY-MM-DD"),
        ({"quantity": "1", "note": "rahasia" * 9}, "items[0].note", "paling banyak 20 karakter"),
        ({"quantity": "1", "more": "rahasia"}, "items[0].more", "tidak dikenal; hapus"),
        ("rahasia", "items[0]", "harus objek JSON"),
    ],
)
async def test_invalid_input_names_the_field_and_the_change_but_never_the_value(
    client: httpx.AsyncClient, token: Token, item: Any, field: str, message: str
) -> None:
    answer = await client.post(BATCH, json={"items": [item]}, headers=token())
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid-input")
    (error,) = problem["errors"]
    assert (error["in"], error["field"], error["message"]) == ("body", field, message)
    assert "rahasia" not in answer.text


async def test_every_wrong_field_is_named_at_once_and_in_english_when_asked(
    client: httpx.AsyncClient, token: Token
) -> None:
    asked = {**token(), "Accept-Language": "en"}
    body = {"items": [{"quantity": "-1"}, {"quantity": "1"}, {"quantity": "x"}]}
    errors = (await client.post(BATCH, json=body, headers=asked)).json()["errors"]
    assert [(error["field"], error["message"]) for error in errors] == [
        ("items[0].quantity", "must be 0 or more"),
        ("items[2].quantity", "must be a decimal number like 12.50"),
    ]


async def test_an_oversized_batch_is_refused(client: httpx.AsyncClient, token: Token) -> None:
    body = {"items": [{"quantity": "1"}] * 4}
    (error,) = (await client.post(BATCH, json=body, headers=token())).json()["errors"]
    assert (error["field"], error["message"]) == ("items", "paling banyak 3 butir")


async def test_a_wrong_path_and_a_wrong_query_are_told_apart(client: httpx.AsyncClient, token: Token) -> None:
    (error,) = (await client.get("/api/v1/medan/things/x", headers=token())).json()["errors"]
    assert (error["in"], error["field"], error["message"]) == ("path", "number", "harus bilangan bulat")
    (error,) = (await client.get("/api/v1/medan/things?limit=201", headers=token())).json()["errors"]
    assert (error["in"], error["field"], error["message"]) == ("query", "limit", "harus 200 atau kurang")


def test_a_sentence_of_our_own_validator_is_told_as_it_is() -> None:
    own = {"type": "value_error", "loc": ("until",), "msg": "Value error, selesai, lalu mulai"}
    assert field_errors([own]) == [
        {"in": "body", "field": "until", "message": "selesai, lalu mulai", "type": "value_error"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b'{"items": [}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\xff"}',
        b'{"a": "\x00"}',
        b"[" * 5000,
        b'{"a":' * 1500 + b"1" + b"}" * 1500,
        b"\xef\xbb\xbf{}",
    ],
    ids=range(13),
)
async def test_malformed_json_is_refused(client: httpx.AsyncClient, token: Token, body: bytes) -> None:
    answer = await client.post(ANYTHING, content=body[:4000], headers={**token(), **JSON})
    if body == b"":
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
        return
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")
    assert answer.json()["line"] == 1


@pytest.mark.parametrize("depth", [400, 1000, 1020])
async def test_deeply_nested_json_is_answered_and_never_a_defect(
    client: httpx.AsyncClient, token: Token, depth: int
) -> None:
    for leaf in (b"1", b'"\\u0000"'):
        body = b'{"a":' + b"[" * depth + leaf + b"]" * depth + b"}"
        answer = await client.post(KEYS, content=body, headers={**token(), **JSON})
        assert answer.status_code in (200, 400, 422)


async def test_an_absurdly_long_number_is_refused(client: httpx.AsyncClient, token: Token) -> None:
    body = b'{"a": ' + b"9" * 4000 + b"}"
    answer = await client.post(KEYS, content=body, headers={**token(), **JSON})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-json")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_that_does_not_say_it_is_json_is_refused(
    client: httpx.AsyncClient, token: Token, kind: str | None
) -> None:
    headers = token() | ({} if kind is None else {"Content-Type": kind})
    answer = await client.post(ANYTHING, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "content-type-not-json")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"note": "a\\u0000"}', "note"),
        ('{"a": [1, {"b": "\\u0000"}]}', "a[1].b"),
        ('{"x\\u0000": 1}', "x\\u0000"),
    ],
)
async def test_nul_is_refused_anywhere_in_a_body(
    client: httpx.AsyncClient, token: Token, body: str, field: str
) -> None:
    answer = await client.post(ANYTHING, content=body, headers={**token(), **JSON})
    assert (answer.status_code, answer.json()["code"]) == (422, "nul-character")
    assert answer.json()["field"] == field


async def test_a_backslash_before_u0000_is_no_nul(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.post(ANYTHING, content=r'{"a": "\\u0000"}', headers={**token(), **JSON})
    assert answer.json() == {"a": r"\u0000"}


@pytest.mark.parametrize("path", ["/fail/%00", "/%00", "?cursor=a%00b"])
async def test_nul_is_refused_in_an_address(client: httpx.AsyncClient, token: Token, path: str) -> None:
    answer = await client.get("/api/v1/medan/things" + path, headers=token())
    assert (answer.status_code, answer.json()["code"]) == (422, "nul-character")


async def test_a_body_over_the_limit_is_refused_with_and_without_its_length(
    client: httpx.AsyncClient, token: Token
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"a": "'
        for _ in range(5):
            yield b"x" * 1000
        yield b'"}'

    for content in (b'{"a": "' + b"x" * 4096 + b'"}', chunks()):
        answer = await client.post(ANYTHING, content=content, headers={**token(), **JSON})
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
        assert answer.json()["limit"] == 4096
    exactly = b'{"a": "' + b"x" * (4096 - 9) + b'"}'
    assert (await client.post(ANYTHING, content=exactly, headers={**token(), **JSON})).status_code == 200


async def test_a_body_that_says_it_is_too_large_is_refused_unread(app: FastAPI) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": ANYTHING,
        "query_string": b"",
        "headers": [(b"content-length", b"4097")],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 413


async def test_a_defect_is_answered_without_its_text_and_logged_with_its_trace(
    client: httpx.AsyncClient, token: Token
) -> None:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    log = io.StringIO()
    configure_logging("things", "INFO", log)
    try:
        answer = await client.get("/api/v1/medan/things/fail/defect", headers={**token(), "X-Correlation-ID": "c-9"})
    finally:
        root.handlers = before
        root.setLevel(level)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.json()["correlation_id"] == "c-9"
    assert "Siti" not in answer.text
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (failed,) = [line for line in lines if line["event"] == "request_failed"]
    assert failed["correlation_id"] == "c-9"
    assert "RuntimeError" in failed["exception"]
    assert "in fail" in failed["exception"]


async def test_a_refused_connection_asks_to_come_back(client: httpx.AsyncClient, token: Token) -> None:
    answer = await client.get("/api/v1/medan/things/fail/connection", headers=token())
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert answer.headers["Retry-After"] == "5"


async def test_postgresql_going_away_is_unavailable_and_a_wrong_statement_is_a_defect(
    client: httpx.AsyncClient, app: FastAPI, health: Health, databases: Any
) -> None:
    database = databases(None)
    engine = create_async_engine(database.url("owner"), pool_size=1, max_overflow=0, pool_timeout=0.05)
    found = []
    async with engine.connect() as conn:
        pid = (await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        for statement in ("SELECT 1 / 0", "SELECT nothing"):
            found.append(await status_of(client, health, conn, statement))
            await conn.rollback()
        with pytest.raises(PoolExhausted) as exhausted:
            await engine.connect()
        health.failure = exhausted.value
        found.append((await client.get("/status")).json()["code"])
        other = await asyncpg.connect(database.url("owner").replace("+asyncpg", ""))
        await other.fetchval("SELECT pg_terminate_backend($1)", pid)
        await other.close()
        found.append(await status_of(client, health, conn, "SELECT 1"))
    await engine.dispose()
    assert found == ["internal-error", "internal-error", "database-unavailable", "database-unavailable"]


async def status_of(client: httpx.AsyncClient, health: Health, conn: Any, statement: str) -> str:
    try:
        await conn.execute(text(statement))
    except Exception as error:  # noqa: BLE001 - whatever the database raises is what is tested
        health.failure = error
    code: str = (await client.get("/status")).json()["code"]
    return code
