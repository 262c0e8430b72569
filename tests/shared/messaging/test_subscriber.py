"""The wrapper on real servers: every good message counts once, every bad one ends with a reason, nothing is lost."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import structlog
from faststream.nats.subscriber.usecases.stream_pull_subscriber import BatchPullStreamSubscriber
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.client import JetStreamContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded.nats import Nats
from deploy.nats.access import Inside, access
from shared.eventstore.database import Database
from shared.eventstore.decider import event_id
from shared.eventstore.relay import Relay
from shared.messaging import dead_letters
from shared.messaging.envelope import Received
from shared.messaging.streams import apply, connect
from shared.messaging.subscriber import Consumer, new_broker, stop_broker
from shared.operations.dead_letters import listed
from shared.testing.waiting import until
from tests.shared.eventstore.counter import Counted
from tests.shared.messaging.rig import POISON, SUBJECT, body, consumer, count, done, subscription, totals


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url, max_reconnect_attempts=-1)
    with contextlib.suppress(Exception):
        await client.jetstream().delete_stream("BARE")
    await apply(client.jetstream(), ["bare"], [subscription("event"), subscription("state")])
    yield client
    await client.close()


async def test_duplicates_and_disorder_count_once(road: Client, worker: Database, nats_server: Nats) -> None:
    sources = [uuid4() for _ in range(20)]
    js = road.jetstream()
    for version in (3, 1, 2, 1, 3):
        for source in sources:
            await js.publish(SUBJECT, body(source, version, version))
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(worker) == dict.fromkeys(sources, 1 + 2 + 3)


async def test_a_state_handler_gets_the_newest_of_each_source(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    seen: list[tuple[int, int]] = []

    async def keep(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        seen.extend((message.version, message.data.total) for message in messages)

    source = uuid4()
    for version in (2, 5, 4, 1):
        await road.jetstream().publish(SUBJECT, body(source, version, version * 10))
    async with consumer(nats_server.url, subscription("state", keep), worker):
        await until(lambda: done(road, "bare--bare--state"))
    assert seen == [(5, 50)]


async def test_broken_messages_become_dead_letters_and_the_good_ones_count(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    js, good = road.jetstream(), uuid4()
    broken = [
        b"",
        b"\xff\xfe",
        b"{}",
        b"[1, 2]",
        body(good, 1, 1).replace(b'"specversion":"1.0"', b'"specversion":"0.3"'),
        body(good, 1, 1).replace(b'"instansi":"medan"', b'"instansi":"jambi"'),
        body(good, 1, 1).replace(b'"total":1', b'"total":"many"'),
        body(good, 1, 1).replace(b"counted.v1", b"counted.v9"),
        body(good, 1, 1).replace(b"counted.v1", b"counted.\\u0000"),
        body(good, 1, 1).replace(b'+00:00"', b'"'),
        body(good, 1, 1).replace(b'"sourceversion":1', b'"sourceversion":3000000000'),
    ]
    for payload in [*broken, body(good, 1, 4)]:
        await js.publish(SUBJECT, payload, headers={"note": "h\0"})
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(worker) == {good: 4}
    letters = await listed(worker)
    assert [letter["reason"] for letter in letters] == ["contract"] * len(broken)
    assert sorted({letter["error"].split(":")[0] for letter in letters}) == [
        "data against the contract of id.go.kinerja.bare.counter.counted.v1",
        "no CloudEvent of ours",
        "no JSON",
        "no text of ours",
        "subject kinerja.medan.bare.counter.counted.v1 belongs to another instansi or type than the message",
        "type id.go.kinerja.bare.counter.counted.v9 is none that this consumer reads",
    ]


async def test_one_poison_among_many_stands_alone(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.subscriber.MAX_TRIES", 2)
    sources, culprit = [uuid4() for _ in range(30)], uuid4()
    for source in [*sources[:15], culprit, *sources[15:]]:
        await road.jetstream().publish(SUBJECT, body(source, 1, POISON if source == culprit else 1))
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(worker) == dict.fromkeys(sources, 1)
    [letter] = await listed(worker)
    assert (letter["reason"], letter["error"], letter["tries"]) == ("handler", "poison", 2)


async def test_work_that_takes_too_long_fails_alone_while_the_database_answers(
    road: Client, bare: Any, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.subscriber.MAX_TRIES", 1)

    async def dawdle(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        await count(conn, [message for message in messages if message.data.total != POISON])
        if any(message.data.total == POISON for message in messages):
            await conn.execute(text("SELECT pg_sleep(60)"))

    sources, culprit = [uuid4() for _ in range(3)], uuid4()
    for source in [sources[0], culprit, *sources[1:]]:
        await road.jetstream().publish(SUBJECT, body(source, 1, POISON if source == culprit else 1))
    hasty = Database(bare.url("worker"), patience=0.5)
    async with consumer(nats_server.url, subscription("event", dawdle), hasty):
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(hasty) == dict.fromkeys(sources, 1)
    [letter] = await listed(hasty)
    assert (letter["reason"], letter["event_id"]) == ("handler", str(event_id("medan", culprit, 1)))
    await hasty.close()


async def test_a_handler_killed_before_its_commit_runs_again_and_counts_once(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    source, entered = uuid4(), asyncio.Event()

    async def hangs(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        await count(conn, messages)
        entered.set()
        await asyncio.Event().wait()

    await road.jetstream().publish(SUBJECT, body(source, 1, 7))
    broker = new_broker(nats_server.url, "", "", "bare")
    await broker.connect()
    first = Consumer(broker, subscription("event", hangs), worker, "bare")
    watching = asyncio.create_task(first.watch())
    await asyncio.wait_for(entered.wait(), 10)
    watching.cancel()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        if "_consume_pull" in repr(task):
            task.cancel()
    await asyncio.sleep(0.2)
    assert await totals(worker) == {}
    await _hurry(road)
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(worker) == {source: 7}
    await stop_broker(broker)


async def test_a_missing_durable_stops_fetching_and_its_return_resumes(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    source = uuid4()
    async with consumer(nats_server.url, subscription(), worker) as running:
        await until(lambda: _problem(running, None))
        await road.jetstream().delete_consumer("BARE", "bare--bare--event")
        await until(lambda: _problem(running, "missing"))
        await road.jetstream().publish(SUBJECT, body(source, 1, 2))
        await apply(road.jetstream(), ["bare"], [subscription()])
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(worker) == {source: 2}


async def _problem(running: Consumer, word: str | None) -> bool:
    return running.problem is None if word is None else word in (running.problem or "")


async def test_events_older_than_the_horizon_arrive_marked_stale(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    seen: dict[int, bool] = {}

    async def note(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        seen.update({message.data.total: message.stale for message in messages})

    for days, total in ((8, 1), (6, 2)):
        at = datetime.now(UTC) - timedelta(days=days)
        await road.jetstream().publish(SUBJECT, body(uuid4(), 1, total, recorded_at=at))
    async with consumer(nats_server.url, subscription("event", note), worker):
        await until(lambda: done(road, "bare--bare--event"))
    assert seen == {1: True, 2: False}


async def test_a_start_that_fails_is_tried_again(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, failures, source = BatchPullStreamSubscriber.start, [NatsTimeout()], uuid4()

    async def hesitant(self: Any) -> None:
        if failures:
            raise failures.pop()
        await start(self)

    monkeypatch.setattr(BatchPullStreamSubscriber, "start", hesitant)
    await road.jetstream().publish(SUBJECT, body(source, 1, 3))
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, "bare--bare--event"))
    assert await totals(worker) == {source: 3}


async def test_what_interrupts_a_batch_is_logged_and_the_batch_comes_again(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastStream swallows whatever its handler raises."""
    keep, failures = dead_letters.keep, [ZeroDivisionError()]

    async def stumbles(*arguments: Any) -> None:
        if failures:
            raise failures.pop()
        await keep(*arguments)

    monkeypatch.setattr(dead_letters, "keep", stumbles)
    await _hurry(road)
    await road.jetstream().publish(SUBJECT, b"broken")
    with structlog.testing.capture_logs() as logs:
        async with consumer(nats_server.url, subscription(), worker):
            await until(lambda: done(road, "bare--bare--event"))
    assert [line["event"] for line in logs if line["event"].endswith("interrupted")] == ["batch.interrupted"]
    assert len(await listed(worker)) == 1


async def _hurry(road: Client) -> None:
    """What a fetch dropped comes again after one second."""
    js, durable = road.jetstream(), "bare--bare--event"
    await js.add_consumer("BARE", (await js.consumer_info("BARE", durable)).config.evolve(ack_wait=1))


async def test_an_end_that_nats_swallows_is_heeded(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def deaf(*_: Any) -> None:
        """As nats-py does while it flushes."""
        asked.set()
        with contextlib.suppress(asyncio.CancelledError):
            await gone.wait()
        raise NatsTimeout

    monkeypatch.setattr(JetStreamContext, "consumer_info", deaf)
    monkeypatch.setattr(JetStreamContext, "stream_info", deaf)
    broker = new_broker(nats_server.url, "", "", "bare")
    await broker.connect()

    async def resend(*_: Any) -> int:
        raise AssertionError

    relay = Relay("bare", worker.driver_url(), road, resend)
    for endless in (Consumer(broker, subscription(), worker, "bare").watch(), relay.run()):
        asked.clear()
        task = asyncio.create_task(endless)
        await asyncio.wait_for(asked.wait(), 20)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.cancelled()
    await stop_broker(broker)


async def test_a_right_that_is_missing_is_logged(tmp_path: Path) -> None:
    rights = access({"bare": Inside({})}, {}, lambda _: "secret")
    server = Nats(tmp_path / "nats", tmp_path / "nats.log", rights=lambda: rights)
    server.start()
    broker = new_broker(server.url, "bare", "secret", "bare")
    try:
        client = await broker.connect()
        with structlog.testing.capture_logs() as logs:
            await client.publish("kinerja.medan.other.thing.v1", b"")
            await until(lambda: _noted(logs))
    finally:
        await stop_broker(broker)
        server.stop()
    assert "permissions violation" in str(logs[0]["error"]).lower()


async def _noted(logs: Sequence[Any]) -> bool:
    return bool(logs)


async def test_a_dead_broker_is_waited_for(road: Client, worker: Database, nats_server: Nats) -> None:
    source = uuid4()
    async with consumer(nats_server.url, subscription(), worker) as running:
        await until(lambda: _problem(running, None))
        nats_server.kill()
        await asyncio.sleep(0.3)
        nats_server.start()
        await until(lambda: _published(road, source), 30)
        await until(lambda: done(road, "bare--bare--event"), 30)
    assert await totals(worker) == {source: 5}


async def _published(road: Client, source: UUID) -> bool:
    with contextlib.suppress(Exception):
        await road.jetstream().publish(SUBJECT, body(source, 1, 5), timeout=1)
        return True
    return False
