"""Who sends a lot holds nobody up: turns in the outbox, a steady rate for each, and more only while listeners keep up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig
from sqlalchemy import text

from deploy.embedded.nats import Nats
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.fairness import ENOUGH_ALONE, TAKE, Allowance
from shared.eventstore.relay import LEADER_SETTINGS, Relay
from shared.ids import fresh_id
from shared.messaging.publisher import Publisher
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until
from tests.shared.eventstore.counter import COUNTER, Add

#: Blocks of 8 KiB; reading 20,000 rows takes more than 100.
_FEW_BLOCKS = 40


def test_a_burst_is_earned_again_at_the_steady_rate() -> None:
    allowance = Allowance(320)
    allowance.spend({"medan": 64, "jambi": 32}, now=10.0)
    assert allowance.room(10.0) == {"medan": 0, "jambi": 32}
    assert allowance.room(10 + 2 / 320) == {"medan": 0, "jambi": 34}, "two earned messages are no piece yet"
    assert allowance.room(10.125) == {"medan": 40}, "who has earned it all has the whole burst"
    assert allowance.room(10.5) == {}


def test_what_was_sent_beyond_the_burst_is_not_owed() -> None:
    allowance = Allowance(320)
    allowance.spend({"medan": 5_000}, now=0.0)
    assert allowance.room(0.0) == {"medan": 0}
    assert allowance.room(0.125) == {"medan": 40}


def test_who_sends_alone_fills_the_road_and_beside_others_leaves_it_short() -> None:
    allowance = Allowance(320)
    allowance.spend({"medan": 5_000}, now=0.0)
    alone = allowance.enough(["medan"], 0.0)
    allowance.spend({"jambi": 1}, now=1.0)
    assert allowance.enough(["medan"], 5.9) < alone / 2
    assert allowance.enough(["medan"], 6.1) == alone, "the other has sent nothing for five seconds"


def test_those_at_their_limit_hold_up_nobody_by_filling_the_road() -> None:
    allowance = Allowance(320)
    allowance.spend({"medan": 5_000, "jambi": 5_000}, now=0.0)
    alone = allowance.enough(["medan", "jambi"], 0.0)
    allowance.spend({"medan": 5_000, "jambi": 5_000}, now=0.5)
    assert allowance.enough(["medan"], 0.5) == alone, "the other was at its limit a moment ago"
    allowance.spend({"palu": 1}, now=0.6)
    assert allowance.enough(["medan"], 0.6) < alone / 2


def test_without_a_rate_nobody_is_limited() -> None:
    allowance = Allowance(0)
    allowance.spend({"medan": 5_000}, now=0.0)
    assert allowance.room(0.0) == {}


async def record(api: Database, context: Context, instansi: str, times: int) -> None:
    for start in range(0, times, 1000):
        orders = [Order(fresh_id(), Add(1)) for _ in range(min(1000, times - start))]
        async with api.transaction(instansi) as conn:
            await execute(conn, COUNTER, replace(context, instansi=instansi), orders)


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url)
    await apply(client.jetstream(), ["bare"], [])
    yield client
    await client.jetstream().delete_stream("BARE")
    await client.close()


@contextlib.asynccontextmanager
async def relay(worker: Database, client: Client, rate: int) -> AsyncIterator[None]:
    task = asyncio.create_task(Relay("bare", worker.driver_url(), client, _never, rate=rate).run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def waiting(worker: Database, instansi: str) -> int:
    async with worker.transaction() as conn:
        count = text("SELECT count(*) FROM outbox WHERE instansi = :instansi")
        return int((await conn.execute(count, {"instansi": instansi})).scalar_one())


async def nobody_waits(worker: Database) -> bool:
    return await waiting(worker, "medan") + await waiting(worker, "jambi") == 0


async def test_turns_are_taken_and_each_instansi_keeps_its_order(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    await record(api, context, "medan", 3000)
    await record(api, context, "jambi", 5)
    async with worker.transaction() as conn:
        ids = (
            await conn.execute(text("SELECT event_id::text FROM outbox WHERE instansi = 'medan' ORDER BY id"))
        ).scalars()
        recorded = list(ids)
    async with relay(worker, road, 0):
        await until(lambda: nobody_waits(worker), 30)
    subscription = await road.jetstream().subscribe("kinerja.>", stream="BARE", ordered_consumer=True)
    messages = [await subscription.next_msg(5) for _ in range(3005)]
    of_jambi = [place for place, message in enumerate(messages) if message.subject.startswith("kinerja.jambi.")]
    assert of_jambi == [1, 3, 5, 7, 9], "in turn with the other, although all of theirs were recorded before"
    sent = [orjson.loads(message.data)["id"] for message in messages if message.subject.startswith("kinerja.medan.")]
    assert sent == recorded


async def test_who_sends_a_lot_waits_for_listeners_and_others_do_not(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    js = road.jetstream()
    await js.add_consumer("BARE", ConsumerConfig(durable_name="slow", filter_subject="kinerja.>"))
    await record(api, context, "medan", 3000)
    async with relay(worker, road, 100):
        await until(lambda: _has(road, 120))
        await record(api, context, "jambi", 5)
        await until(lambda: _no_more_of(worker, "jambi"))
        assert await waiting(worker, "medan") > 1500, "nobody listens: it goes on at 100 a second"
        await js.delete_consumer("BARE", "slow")
        await until(lambda: nobody_waits(worker), 30)  # and at once when nobody is behind
    assert (await js.stream_info("BARE")).state.messages == 3005


async def test_the_slowest_listener_is_found_behind_more_outside_systems_than_the_server_lists_at_once(
    worker: Database, road: Client
) -> None:
    js = road.jetstream(timeout=60)
    outside = [ConsumerConfig(durable_name=f"outside-{number}", mem_storage=True) for number in range(260)]
    await asyncio.gather(*(js.add_consumer("BARE", each) for each in outside))
    await js.add_consumer("BARE", ConsumerConfig(durable_name="slow", filter_subject="kinerja.>"))
    assert "slow" not in [each.name for each in await js.consumers_info("BARE")]
    for _ in range(3):
        await js.publish("kinerja.medan.bare.thing.happened.v1", b"{}")

    looking = Relay("bare", worker.driver_url(), road, _never)
    assert await looking._behind() == 3
    await js.delete_consumer("BARE", "slow")
    assert await looking._behind() == ENOUGH_ALONE, "whoever is not answered for may be far behind"
    assert await looking._behind() == 0, "and is not asked for again"


async def _never(_publisher: Publisher, _since: datetime) -> int:
    raise AssertionError("the stream is the one it was")


async def _has(client: Client, messages: int) -> bool:
    return (await client.jetstream().stream_info("BARE")).state.messages >= messages


async def _no_more_of(worker: Database, instansi: str) -> bool:
    return await waiting(worker, instansi) == 0


async def test_looking_for_others_does_not_read_what_waits_of_one_at_its_limit(worker: Database) -> None:
    fill = "INSERT INTO outbox (instansi, subject, event_id, body) SELECT :who, 's', gen_random_uuid(), 'b' FROM generate_series(1, :n)"
    async with worker.transaction() as conn:
        await conn.execute(text(fill), {"who": "medan", "n": 20_000})
        await conn.execute(text(fill), {"who": "surabaya", "n": 3})
    conn = await asyncpg.connect(worker.driver_url(), server_settings=LEADER_SETTINGS)
    known: tuple[Any, ...] = ["medan"], [0], [0], 1000, 1000
    try:
        assert {row["instansi"] for row in await conn.fetch(TAKE, *known)} == {"surabaya"}
        [[told]] = await conn.fetch(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {TAKE}", *known)
    finally:
        await conn.close()
    plan = orjson.loads(told)[0]["Plan"]
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < _FEW_BLOCKS


async def test_whoever_waits_long_makes_the_outbox_no_fuller(api: Database, worker: Database) -> None:
    insert = (
        "INSERT INTO outbox (id, instansi, subject, event_id, body) OVERRIDING SYSTEM VALUE"
        " SELECT id, 'medan', 's', gen_random_uuid(), 'b' FROM unnest(ARRAY[-5000000, -4999999, -1]) AS id"
    )
    async with worker.transaction() as conn:
        await conn.execute(text(insert))
    async with api.transaction() as conn:
        assert (await conn.execute(text("SELECT outbox_waiting()"))).scalar_one() == 3
