"""A relay that dies between publishing and clearing sends again what it sent: nobody counts it twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from deploy.embedded.nats import Nats
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.messaging.publisher import Posting, Publisher
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until
from tests.shared.eventstore.test_relay import on_the_road, record, relay, waiting
from tests.shared.messaging.rig import consumer, done, subscription, totals

SENT = 4


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url, max_reconnect_attempts=-1)
    await apply(client.jetstream(), ["bare"], [subscription()])
    yield client
    await client.jetstream().delete_stream("BARE")
    await client.close()


@pytest.mark.parametrize(("window", "copies"), [(120, 1), (0.1, 2)], ids=["soon", "after the road has forgotten"])
async def test_what_was_published_and_not_cleared_is_sent_again_and_counts_once(
    api: Database,
    worker: Database,
    road: Client,
    nats_server: Nats,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    window: float,
    copies: int,
) -> None:
    config = (await road.jetstream().stream_info("BARE")).config
    await road.jetstream().update_stream(config.evolve(duplicate_window=window))
    await record(api, context, SENT)
    async with worker.transaction() as conn:
        await conn.execute(text("DELETE FROM counter"))  # the consumer counts into it too
    send = Publisher.send

    async def last_breath(self: Publisher, postings: Sequence[Posting]) -> None:
        await send(self, postings)
        await asyncio.Event().wait()  # the acknowledgements are here, and the relay does nothing more

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "send", last_breath)
        async with relay(worker, road):
            await until(lambda: _arrived(road, SENT))
    assert await waiting(worker) == SENT
    with contextlib.suppress(TimeoutError):
        await until(lambda: _arrived(road, SENT + 1), 2 * min(window, 1))  # nobody sends: the window passes
    async with relay(worker, road), consumer(nats_server.url, subscription(), worker):
        await until(lambda: _drained(worker))
        await until(lambda: done(road, "bare--bare--event"))
    assert await on_the_road(road) == SENT * copies
    found = await totals(worker)
    assert sorted(found.values()) == [1] * SENT


async def _arrived(client: Client, messages: int) -> bool:
    return await on_the_road(client) == messages


async def _drained(worker: Database) -> bool:
    return await waiting(worker) == 0
