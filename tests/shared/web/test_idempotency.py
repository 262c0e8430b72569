"""Idempotency-Key on a real database: the same request is carried out once and answered the same for ever."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.operations import schema
from shared.testing.infrastructure import Databases
from shared.web.app import create_app
from shared.web.auth import CallerDep
from shared.web.idempotency import Answer, IdempotencyKeyDep, answer_once
from shared.web.tokens import TokenVerifier
from tests.shared.web.conftest import SITI, Health, Token

BUDI = UUID("01955091-1800-7000-8000-000000000002")
KEY = {"Idempotency-Key": "k-1"}
ORDERS = "/api/v1/medan/orders"


class SoldOut(Refusal):
    code = "sold-out"
    status = 409


class Order(BaseModel):
    amount: Decimal
    slow: bool = False


class Shop:
    """Refuses while it is closed."""

    def __init__(self) -> None:
        self.closed = False


def _foundation(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        schema.foundation_1("bare")
        connection.exec_driver_sql("CREATE TABLE orders (instansi text NOT NULL, number serial PRIMARY KEY)")
        schema.secure("bare", "orders")
        connection.exec_driver_sql("GRANT USAGE ON SEQUENCE orders_number_seq TO bare_api")


@pytest.fixture
async def db(databases: Databases) -> AsyncIterator[Database]:
    made = databases(None)
    owner = create_async_engine(made.url("owner"))
    async with owner.begin() as conn:
        await conn.run_sync(_foundation)
    await owner.dispose()
    database = Database(made.url("api"))
    yield database
    await database.close()


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def client(db: Database, shop: Shop, verifier: TokenVerifier, health: Health) -> AsyncIterator[httpx.AsyncClient]:
    router = APIRouter(prefix="/orders")

    @router.post("")
    @router.post("/{shop_number}/again")
    async def order(caller: CallerDep, key: IdempotencyKeyDep, body: Order) -> Response:
        async with db.transaction(caller.instansi) as conn:

            async def produce() -> Answer:
                insert = text("INSERT INTO orders (instansi) VALUES (:instansi) RETURNING number")
                number = (await conn.execute(insert, {"instansi": caller.instansi})).scalar_one()
                if body.slow:
                    await asyncio.sleep(0.1)
                if shop.closed:
                    raise SoldOut("Habis.")
                content = {"number": number, "amount": body.amount, "by": caller.employee}
                return Answer(201, content, {"ETag": '"1"'})

            answer = await answer_once(conn, key, produce)
        return answer.response()

    @router.delete("/{number}")
    async def cancel(caller: CallerDep, key: IdempotencyKeyDep, number: int) -> Response:
        async with db.transaction(caller.instansi) as conn:

            async def produce() -> Answer:
                await conn.execute(text("DELETE FROM orders WHERE number = :number"), {"number": number})
                return Answer(204, None)

            answer = await answer_once(conn, key, produce)
        return answer.response()

    app = create_app(
        name="orders",
        title="Orders",
        version="1",
        routers=[router],
        tokens=verifier,
        readiness=health.readiness,
        status=health.status,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://orders") as made:
        yield made


async def stored(db: Database, table: str, instansi: str = "medan") -> int:
    async with db.transaction(instansi) as conn:
        return int((await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())


async def test_the_same_request_is_carried_out_once_and_answered_the_same(
    client: httpx.AsyncClient, db: Database, token: Token
) -> None:
    answers = [await client.post(ORDERS, json={"amount": "1.50"}, headers={**token(), **KEY}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert [answer.json() for answer in answers] == [{"number": 1, "amount": "1.50", "by": str(SITI)}] * 3
    assert {answer.headers["ETag"] for answer in answers} == {'"1"'}
    assert (await stored(db, "orders"), await stored(db, "idempotency")) == (1, 1)


async def test_without_a_key_every_request_counts(client: httpx.AsyncClient, db: Database, token: Token) -> None:
    for _ in range(2):
        await client.post(ORDERS, json={"amount": "1"}, headers=token())
    assert (await stored(db, "orders"), await stored(db, "idempotency")) == (2, 0)


async def test_an_answer_without_content_is_repeated_without_content(client: httpx.AsyncClient, token: Token) -> None:
    for _ in range(2):
        answer = await client.delete(f"{ORDERS}/1", headers={**token(), **KEY})
        assert (answer.status_code, answer.content) == (204, b"")


async def test_a_key_used_with_another_body_or_address_is_refused(
    client: httpx.AsyncClient, db: Database, token: Token
) -> None:
    headers = {**token(), **KEY}
    body = {"amount": "1"}
    await client.post(f"{ORDERS}/1/again", json=body, headers=headers)
    others = [
        await client.post(f"{ORDERS}/1/again", json={"amount": "2"}, headers=headers),
        await client.post(f"{ORDERS}/2/again", json=body, headers=headers),
        await client.post(f"{ORDERS}/1/again?x=1", json=body, headers=headers),
    ]
    for answer in others:
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
    assert await stored(db, "orders") == 1


async def test_a_key_is_anothers_for_another_caller_route_or_instansi(
    client: httpx.AsyncClient, db: Database, token: Token
) -> None:
    body = {"amount": "1"}
    for path, headers in (
        (ORDERS, token()),
        (ORDERS, token(employee=BUDI)),
        (f"{ORDERS}/1/again", token()),
        ("/api/v1/jambi/orders", token(instansi="jambi")),
    ):
        assert (await client.post(path, json=body, headers={**headers, **KEY})).status_code == 201
    assert (await stored(db, "orders"), await stored(db, "orders", "jambi")) == (3, 1)


async def test_a_new_token_of_the_same_person_is_the_same_caller(
    client: httpx.AsyncClient, db: Database, token: Token
) -> None:
    for _ in range(2):
        await client.post(ORDERS, json={"amount": "1"}, headers={**token(), **KEY})
    assert await stored(db, "orders") == 1


async def test_a_refusal_is_not_stored_and_leaves_nothing(
    client: httpx.AsyncClient, db: Database, shop: Shop, token: Token
) -> None:
    shop.closed = True
    headers, body = {**token(), **KEY}, {"amount": "1"}
    refused = await client.post(ORDERS, json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "sold-out")
    assert (await stored(db, "orders"), await stored(db, "idempotency")) == (0, 0)
    shop.closed = False
    assert (await client.post(ORDERS, json=body, headers=headers)).status_code == 201


async def test_the_same_request_at_the_same_time_is_carried_out_once(
    client: httpx.AsyncClient, db: Database, token: Token
) -> None:
    headers, body = {**token(), **KEY}, {"amount": "1", "slow": True}
    answers = await asyncio.gather(*(client.post(ORDERS, json=body, headers=headers) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.json()["number"] for answer in answers} == {answers[0].json()["number"]}
    assert await stored(db, "orders") == 1


async def test_when_the_first_of_two_is_cut_off_the_second_is_carried_out(
    client: httpx.AsyncClient, db: Database, token: Token
) -> None:
    headers, body = {**token(), **KEY}, {"amount": "1", "slow": True}
    first = asyncio.create_task(client.post(ORDERS, json=body, headers=headers))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(client.post(ORDERS, json=body, headers=headers))
    await asyncio.sleep(0.02)
    first.cancel()
    assert (await second).status_code == 201
    assert (await stored(db, "orders"), await stored(db, "idempotency")) == (1, 1)


@pytest.mark.parametrize("key", ["", " ", "a" * 201, "a\tb", "é"])
async def test_a_key_that_is_empty_too_long_or_not_printable_is_refused(
    client: httpx.AsyncClient, token: Token, key: str
) -> None:
    headers: dict[Any, Any] = {**token(), "Idempotency-Key": key.encode()}
    answer = await client.post(ORDERS, json={"amount": "1"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed-idempotency-key")


@pytest.mark.parametrize("key", ["a", "a" * 200, "~ !"])
async def test_any_printable_key_is_accepted(client: httpx.AsyncClient, token: Token, key: str) -> None:
    answer = await client.post(ORDERS, json={"amount": "1"}, headers={**token(), "Idempotency-Key": key})
    assert answer.status_code == 201
