"""Batches on their way: nobody waits for a full one, and what was fetched ahead is neither lost nor late."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError
from nats.errors import TimeoutError as NothingCame
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded.nats import Nats
from shared.eventstore.database import Database
from shared.messaging import dead_letters
from shared.messaging.envelope import Received
from shared.messaging.pull import Pull
from shared.messaging.streams import ACK_WAIT_SECONDS, apply, connect
from shared.operations.dead_letters import listed
from shared.testing.waiting import until
from tests.shared.eventstore.counter import Counted
from tests.shared.messaging.rig import SUBJECT, body, consumer, count, done, subscription, totals

DURABLE = "bare--bare--event"


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url, max_reconnect_attempts=-1)
    with contextlib.suppress(Exception):
        await client.jetstream().delete_stream("BARE")
    await apply(client.jetstream(), ["bare"], [subscription()])
    yield client
    await client.close()


async def test_nobody_waits_for_a_full_batch(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.subscriber._WAIT_SECONDS", 600)
    source = uuid4()
    async with consumer(nats_server.url, subscription(), worker):
        for version in range(1, 4):
            await road.jetstream().publish(SUBJECT, body(source, version, 1))
            await until(lambda: done(road, DURABLE))
    assert await totals(worker) == {source: 3}


async def test_a_request_that_ran_out_meanwhile_is_renewed_before_anybody_waits(
    road: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.messaging.pull._REQUEST_SECONDS", 0.5)
    subscribed = await road.jetstream().pull_subscribe(SUBJECT, DURABLE, stream="BARE")
    pull = Pull(subscribed, 10)
    with pytest.raises(NothingCame):
        await pull.fetch(10, 0.1)
    await until(lambda: has_come(subscribed._sub))  # the server's word that the request has run out
    await road.jetstream().publish(SUBJECT, body(uuid4(), 1, 1))
    assert len(await pull.fetch(10, 0.4)) == 1


async def test_on_a_closed_connection_others_still_get_their_turn(nats_server: Nats) -> None:
    client = await connect(nats_server.url)
    await apply(client.jetstream(), ["bare"], [subscription()])
    pull = Pull(await client.jetstream().pull_subscribe(SUBJECT, DURABLE, stream="BARE"), 10)
    await client.close()
    had_turn = asyncio.Event()
    asyncio.get_running_loop().call_soon(had_turn.set)
    with pytest.raises(ConnectionClosedError):
        await pull.fetch(10, 1)
    assert had_turn.is_set()


async def has_come(subscribed: Subscription) -> bool:
    return subscribed.pending_msgs > 0


async def test_what_was_fetched_ahead_is_given_back_by_one_who_stops(
    road: Client, worker: Database, nats_server: Nats
) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()
    mine: list[int] = []

    async def slow(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        mine.extend(message.version for message in messages)
        entered.set()
        await go_on.wait()
        await count(conn, messages)

    source = uuid4()
    for version in range(1, 9):
        await road.jetstream().publish(SUBJECT, body(source, version, 1))
    async with consumer(nats_server.url, replace(subscription("event", slow), batch=2), worker) as first:
        await entered.wait()
        await until(lambda: _in_hand(first, 4))
        stopping = asyncio.create_task(first.stop())
        go_on.set()
        await stopping
    assert mine == [1, 2], "the batch in hand was finished and no other begun"
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, DURABLE), seconds=ACK_WAIT_SECONDS / 2)
    assert await totals(worker) == {source: 8}


async def _in_hand(running: Any, messages: int) -> bool:
    return len(running._pull.in_hand()) == messages


async def test_a_request_that_got_lost_is_made_again(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish = Client.publish
    lost: list[str] = []

    async def careless(self: Client, subject: str, *rest: Any, **more: Any) -> None:
        if ".MSG.NEXT." in subject and not lost:
            lost.append(subject)
        else:
            await publish(self, subject, *rest, **more)

    monkeypatch.setattr(Client, "publish", careless)
    source = uuid4()
    await road.jetstream().publish(SUBJECT, body(source, 1, 5))
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, DURABLE))
    assert lost
    assert await totals(worker) == {source: 5}


async def test_the_broken_ones_of_a_batch_are_kept_in_one_transaction(
    road: Client, worker: Database, nats_server: Nats, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = dead_letters.keep
    kept: list[int] = []

    async def counted(db: Database, durable: str, broken: Sequence[dead_letters.Broken]) -> None:
        kept.append(len(broken))
        await keep(db, durable, broken)

    monkeypatch.setattr(dead_letters, "keep", counted)
    source = uuid4()
    for n in range(1, 6):
        await road.jetstream().publish(SUBJECT, b"broken")
        await road.jetstream().publish(SUBJECT, body(source, n, 1))
    async with consumer(nats_server.url, subscription(), worker):
        await until(lambda: done(road, DURABLE))
    assert kept == [5]
    assert await totals(worker) == {source: 5}
    assert len(await listed(worker)) == 5
