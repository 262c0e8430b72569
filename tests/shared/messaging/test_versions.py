"""Two versions of a service on one durable: what only the other one can process waits for it, and nothing else does."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded.nats import Nats
from shared.contracts.base import Message
from shared.eventstore.database import Database
from shared.eventstore.registry import UnknownEvent
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription, apply, connect
from shared.operations.dead_letters import Leftovers, Wanted, listed, shown
from shared.testing.waiting import until
from tests.shared.eventstore.counter import Counted
from tests.shared.messaging.rig import SUBJECT, body, consumer, count, done, subscription, totals

DURABLE = "bare--bare--event"


class Doubled(Message):
    """What only the newer version tells and hears."""

    TYPE = "bare.counter.doubled"

    total: int


def newer(handle: Any = count) -> Subscription:
    return Subscription(durable=DURABLE, messages=(Counted, Doubled), handle=handle, kind="event")


@pytest.fixture
async def road(nats_server: Nats) -> Any:
    client = await connect(nats_server.url)
    await client.jetstream().delete_stream("BARE") if await _there(client) else None
    await apply(client.jetstream(), ["bare"], [newer()])
    yield client
    await client.close()


async def _there(client: Client) -> bool:
    return "BARE" in [info.config.name for info in await client.jetstream().streams_info()]


async def test_an_older_worker_leaves_a_type_it_does_not_read_to_the_newer_one(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    known, unknown = uuid4(), uuid4()
    told = body(unknown, 1, 5).replace(b"counter.counted", b"counter.doubled")
    await road.jetstream().publish(Doubled.subject("medan"), told)
    await road.jetstream().publish(SUBJECT, body(known, 1, 3))
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, DURABLE))
    assert await totals(worker) == {known: 3}
    [letter] = await listed(worker)
    assert (letter["reason"], letter["subject"]) == ("version", "kinerja.medan.bare.counter.doubled.v1")

    await Leftovers([subscription()]).process(worker)
    assert [(each["id"], each["tries"]) for each in await listed(worker)] == [(letter["id"], 1)], "not even tried"

    for _ in range(2):
        await Leftovers([newer()]).process(worker)
    assert await totals(worker) == {known: 3, unknown: 5}
    assert await listed(worker) == []
    [action] = (await shown(worker, letter["id"]))["actions"]
    assert (action["who"], action["outcome"]) == ("worker", "done")


async def test_a_record_of_a_newer_version_is_no_failure_of_the_message(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    calls: list[UUID] = []

    async def older(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
        await count(conn, messages)
        if any(message.data.total == 7 for message in messages):
            calls.append(messages[0].source)
            raise UnknownEvent("unknown event entry.doubled: this program is older than the data")

    good, ahead = uuid4(), uuid4()
    for source, total in ((good, 2), (ahead, 7), (good, 3)):
        await road.jetstream().publish(SUBJECT, body(source, total, total))
    async with consumer(nats_server.url, subscription("event", older), worker):
        await until(lambda: done(road, DURABLE))
    assert await totals(worker) == {good: 5}
    [letter] = await listed(worker, Wanted(reason="version"))
    assert letter["tries"] == 1

    leftovers, calls[:] = Leftovers([subscription("event", older)]), []
    for _ in range(3):
        await leftovers.process(worker)
    assert calls == [ahead], "a process of the older version tries once"
    await Leftovers([newer()]).process(worker)
    assert await totals(worker) == {good: 5, ahead: 7}


async def test_what_fails_in_the_newer_version_too_is_a_dead_letter_like_others(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    async def broken(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
        raise ValueError("cannot double")

    told = body(uuid4(), 1, 5).replace(b"counter.counted", b"counter.doubled")
    await road.jetstream().publish(Doubled.subject("medan"), told)
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, DURABLE))
    await Leftovers([newer(broken)]).process(worker)
    [letter] = await listed(worker)
    assert (letter["reason"], letter["error"], letter["tries"]) == ("handler", "cannot double", 2)
