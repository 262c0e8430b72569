"""The relay on real servers: everything that was recorded reaches the road, whatever dies on the way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import pytest
import structlog
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from deploy.embedded.nats import Nats
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.relay import Relay
from shared.ids import fresh_id
from shared.messaging.publisher import Publisher
from shared.messaging.streams import apply, connect
from shared.operations.republish import Republisher
from shared.testing.waiting import until
from tests.shared.eventstore.counter import COUNTER, Add


async def record(api: Database, context: Context, times: int) -> None:
    orders = [Order(fresh_id(), Add(1)) for _ in range(times)]
    await api.run(lambda conn: execute(conn, COUNTER, context, orders), "medan")


async def waiting(worker: Database) -> int:
    async with worker.transaction() as conn:
        return int((await conn.execute(text("SELECT count(*) FROM outbox WHERE parked_at IS NULL"))).scalar_one())


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url, max_reconnect_attempts=-1)
    with contextlib.suppress(Exception):
        await client.jetstream().delete_stream("BARE")
    await apply(client.jetstream(), ["bare"], [])
    yield client
    await client.close()


@contextlib.asynccontextmanager
async def relay(worker: Database, client: Client, *hiccups: Exception) -> AsyncIterator[Relay]:
    """A relay at work; it meets `hiccups` when it sends everything again."""
    left = list(hiccups)

    async def resend(publisher: Publisher, since: datetime) -> int:
        if left:
            raise left.pop()
        return await Republisher(worker, [COUNTER], publisher, since.isoformat()).send(since)

    running = Relay("bare", worker.driver_url(), client, resend)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def on_the_road(client: Client) -> int:
    return int((await client.jetstream().stream_info("BARE")).state.messages)


async def test_what_was_recorded_arrives_once_with_its_headers(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    async with relay(worker, road):
        await record(api, context, 3)
        await until(lambda: _empty(worker))
    assert await on_the_road(road) == 3
    message = await road.jetstream().get_msg("BARE", 1)
    assert message.data is not None
    body = orjson.loads(message.data)
    assert message.subject == "kinerja.medan.bare.counter.counted.v1"
    assert message.headers == {"Nats-Msg-Id": body["id"], "Content-Type": "application/cloudevents+json"}


async def test_the_same_id_in_two_agencies_is_two_messages(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    stream = fresh_id()
    for instansi in ("medan", "jambi"):
        async with api.transaction(instansi) as conn:
            await execute(conn, COUNTER, replace(context, instansi=instansi), [Order(stream, Add(1))])
    async with relay(worker, road):
        await until(lambda: _empty(worker))
    assert await on_the_road(road) == 2


async def _empty(worker: Database) -> bool:
    return await waiting(worker) == 0


async def test_two_relays_have_one_leader_and_the_other_takes_over(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    async with relay(worker, road) as second:
        async with relay(worker, road) as first:
            await record(api, context, 50)
            await until(lambda: _empty(worker))
            assert first.leader != second.leader
        await record(api, context, 50)
        await until(lambda: _empty(worker))
    assert await on_the_road(road) == 100


async def test_a_dead_server_loses_nothing(
    api: Database, worker: Database, road: Client, context: Context, nats_server: Nats
) -> None:
    async with relay(worker, road):
        await record(api, context, 500)
        nats_server.kill()
        await record(api, context, 500)
        await asyncio.sleep(0.5)
        nats_server.start()
        await until(lambda: _empty(worker), 40)
    assert await on_the_road(road) == 1000


async def test_a_deleted_stream_is_noticed_and_refilled_once_it_is_declared_again(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    async with relay(worker, road, PoolTimeout(), NatsTimeout()) as running:
        await record(api, context, 20)
        await until(lambda: _empty(worker))
        await road.jetstream().delete_stream("BARE")
        await record(api, context, 5)
        await until(lambda: _says(running, "missing"))
        await apply(road.jetstream(), ["bare"], [])
        await until(lambda: _has(road, 25), 30)
        await until(lambda: _empty(worker))


@pytest.mark.parametrize("minutes", [60, -62])
async def test_a_clock_that_was_an_hour_off_hides_nothing_from_a_stream_that_is_filled_again(
    bare: Any, api: Database, worker: Database, road: Client, context: Context, minutes: int
) -> None:
    async with relay(worker, road):
        await record(api, context, 20)
        await until(lambda: _empty(worker))
        # What would stand there if PostgreSQL's clock had been an hour ahead, or behind two minutes ago; now it is right.
        table, column = ("relay_state", "acked_at") if minutes > 0 else ("events", "recorded_at")
        owner = await asyncpg.connect(bare.url("owner", "postgresql"))
        await owner.execute(f"UPDATE {table} SET {column} = now() + make_interval(mins => {minutes})")
        await owner.close()
        await road.jetstream().delete_stream("BARE")
        await apply(road.jetstream(), ["bare"], [])
        await until(lambda: _has(road, 20), 30)


async def test_what_is_new_does_not_wait_until_a_lost_stream_is_full_again(
    bare: Any, api: Database, worker: Database, road: Client, context: Context
) -> None:
    full, begun = asyncio.Event(), asyncio.Event()

    async def resend(publisher: Publisher, since: datetime) -> int:
        begun.set()
        await full.wait()
        return await Republisher(worker, [COUNTER], publisher, since.isoformat()).send(since)

    async with relay(worker, road) as running:
        await record(api, context, 20)
        await until(lambda: _empty(worker))
        running.resend = resend
        await road.jetstream().delete_stream("BARE")
        await three_hours_pass(bare)
        await apply(road.jetstream(), ["bare"], [])
        await begun.wait()
        await record(api, context, 3)
        await until(lambda: _has(road, 3))
    # Its successor fills the stream with all of it, although what was new had been acknowledged in it.
    async with relay(worker, road):
        await until(lambda: _has(road, 26))


async def three_hours_pass(bare: Any) -> None:
    """As if the road had been away for so long."""
    owner = await asyncpg.connect(bare.url("owner", "postgresql"))
    await owner.execute("UPDATE relay_state SET acked_at = acked_at - interval '3 hours'")
    await owner.execute("UPDATE events SET recorded_at = recorded_at - interval '3 hours'")
    await owner.close()


async def _says(running: Relay, word: str) -> bool:
    return word in (running.problem or "")


async def _has(client: Client, messages: int) -> bool:
    return await on_the_road(client) >= messages


async def test_a_message_refused_three_times_is_parked_and_the_rest_goes_on(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    config = (await road.jetstream().stream_info("BARE")).config
    await road.jetstream().update_stream(config.evolve(max_msg_size=900))
    await record(api, replace(context, correlation_id="x" * 1000), 1)
    await record(api, context, 3)
    with structlog.testing.capture_logs() as logs:
        async with relay(worker, road):
            await until(lambda: _empty(worker))
    [refused, error] = await parked(worker)
    assert refused == 3
    assert "size" in error
    [*_, told] = [entry for entry in logs if entry["event"] == "relay.refused"]
    assert (told["parked"], "size" in told["error"]) == (True, True), "the log says why, as the runbook promises"
    assert await on_the_road(road) == 3

    again = Republisher(worker, [COUNTER], Publisher(road), "1")
    assert await again.send() == 3, "what is refused once more holds up nothing"
    assert (await parked(worker))[0] == 3
    await road.jetstream().update_stream(config)
    assert await Republisher(worker, [COUNTER], Publisher(road), "2").send() == 4
    assert await parked(worker) == [], "what the road has taken is parked no more"


async def parked(worker: Database) -> list[Any]:
    async with worker.transaction() as conn:
        rows = (await conn.execute(text("SELECT refused, error FROM outbox WHERE parked_at IS NOT NULL"))).all()
    return [value for row in rows for value in row]
