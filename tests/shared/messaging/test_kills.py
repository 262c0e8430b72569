"""Relay, republish and subscriber are killed in place of every single write they make: nothing is lost or counts twice."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.embedded.nats import Nats
from shared.eventstore import relay
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order, event_id
from shared.eventstore.execute import execute
from shared.ids import fresh_id
from shared.messaging import subscriber
from shared.messaging.delivery import deliver
from shared.messaging.publisher import Publisher
from shared.messaging.streams import apply, connect, consumer_config
from shared.operations.republish import Republisher
from shared.testing.waiting import until
from tests.killing import killed_at_every_write
from tests.shared.eventstore.counter import COUNTER, Add
from tests.shared.eventstore.test_kills import met
from tests.shared.messaging.rig import POISON, SUBJECT, body, consumer, subscription

CONTEXT = Context(instansi="medan", actor=None, role="staff", now=datetime.now(UTC), correlation_id="test")
ENTRIES = subscription()


class Place:
    """The database and the road of a service, seen from outside; each question has a connection of its own."""

    def __init__(self, bare: Any, nats: Nats) -> None:
        self.bare, self.nats = bare, nats

    def on_road(self, work: Callable[[Client], Awaitable[Any]]) -> Any:
        """Do something with a connection to NATS."""

        async def connected() -> Any:
            client = await connect(self.nats.url)
            try:
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(connected())

    def ask(self, statement: str, *parameters: Any) -> list[Any]:
        """Rows, as the worker sees them."""

        async def asked() -> list[Any]:
            conn = await asyncpg.connect(self.bare.url("worker", "postgresql"))
            try:
                return [tuple(row) for row in await conn.fetch(statement, *parameters)]
            finally:
                await conn.close()

        return asyncio.run(asked())

    def record(self, times: int, correlation: str = "test") -> set[str]:
        """New facts; the ids of their messages."""
        orders = [Order(fresh_id(), Add(1)) for _ in range(times)]
        context = replace(CONTEXT, correlation_id=correlation)

        async def recorded() -> None:
            db = Database(self.bare.url("api"))
            await db.run(lambda conn: execute(conn, COUNTER, context, orders), "medan")
            await db.close()

        asyncio.run(recorded())
        return {str(event_id("medan", order.stream, 1)) for order in orders}

    def lay(self) -> None:
        """A new, empty stream, with messages of at most 900 bytes, and a durable that is soon told again."""

        async def laid(client: Client) -> None:
            js = client.jetstream()
            if any(info.config.name == "BARE" for info in await js.streams_info()):
                await js.delete_stream("BARE")
            await apply(js, ["bare"], [])
            await js.update_stream((await js.stream_info("BARE")).config.evolve(max_msg_size=900))
            await js.add_consumer("BARE", consumer_config(ENTRIES).evolve(ack_wait=0.3))

        self.on_road(laid)

    def told(self) -> list[str]:
        """The ids of all messages on the road."""

        async def read(client: Client) -> list[str]:
            js = client.jetstream()
            state = (await js.stream_info("BARE")).state
            found = [await js.get_msg("BARE", seq) for seq in range(state.first_seq, state.last_seq + 1)]
            return [orjson.loads(message.data or b"")["id"] for message in found]

        return list(self.on_road(read))

    async def relay(self, done: Callable[[], bool] | None = None) -> None:
        """A relay at work, for ever or until it is done."""
        client, db = await connect(self.nats.url), Database(self.bare.url("worker"))
        await db.answers()  # a connection that is there already has no boundaries of its own

        async def resend(publisher: Publisher, since: datetime) -> int:
            return await Republisher(db, [COUNTER], publisher, fresh_id().hex).send(since)

        task = asyncio.create_task(relay.Relay("bare", db.driver_url(), client, resend).run())
        await _endless(task, done)
        await db.close()
        await client.close()

    async def hear(self, done: Callable[[], bool] | None = None) -> None:
        """A consumer at work, for ever or until it is done."""
        db = Database(self.bare.url("worker"))
        await deliver(db, ENTRIES, [])  # the driver asks for the types it needs
        async with consumer(self.nats.url, ENTRIES, db):
            await _endless(asyncio.create_task(asyncio.Event().wait()), done)
        await db.close()


async def _endless(task: "asyncio.Task[Any]", done: Callable[[], bool] | None) -> None:
    async def is_done() -> bool:
        return done is not None and await asyncio.to_thread(done)

    if done is None:
        await task
    await until(is_done, 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def place(bare: Any, nats_server: Nats) -> Place:
    made = Place(bare, nats_server)
    made.lay()
    return made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay that looks again soon for what was refused."""
    monkeypatch.setattr(relay, "_IDLE_SECONDS", 0.05)


def rounds(
    work: Callable[..., Coroutine[Any, Any, None]], done: Callable[[], bool], *, since: str
) -> Iterator[list[str]]:
    """Every kill of endless work, followed by the same work undisturbed."""
    for writes in killed_at_every_write(work, done, since=since):
        asyncio.run(work(done))
        yield writes


def test_a_relay_killed_anywhere_brings_every_message_once_and_parks_what_is_refused(
    place: Place, impatient: None
) -> None:
    expected, writes, parked = place.record(4), list[str](), 1
    place.record(1, correlation="x" * 1000)

    def empty() -> bool:
        return place.ask("SELECT 1 FROM outbox WHERE parked_at IS NULL") == []

    for writes in rounds(place.relay, empty, since="pg_try_advisory_lock"):
        assert sorted(place.told()) == sorted(expected), f"killed at {writes[-1]}"
        assert place.ask("SELECT refused FROM outbox") == [(3,)] * parked
        expected |= place.record(4)
        place.record(1, correlation="x" * 1000)
        parked += 1
    met(
        writes,
        "LISTEN",
        "STREAM.INFO",
        "FROM relay_state",
        "FROM outbox",
        SUBJECT,
        "DELETE FROM outbox",
        "UPDATE outbox",
    )


def test_a_relay_killed_anywhere_while_it_refills_a_lost_stream_leaves_the_rest_to_the_next(place: Place) -> None:
    expected, writes = place.record(2), list[str]()

    def whole() -> bool:
        states = place.ask("SELECT created, last_seq FROM relay_state")
        waiting = place.ask("SELECT 1 FROM outbox")

        async def created(client: Client) -> datetime | None:
            return (await client.jetstream().stream_info("BARE")).created

        return not waiting and [row[0] for row in states] == [place.on_road(created)]

    asyncio.run(place.relay(whole))
    place.lay()
    for writes in rounds(place.relay, whole, since="STREAM.INFO"):
        assert set(place.told()) == expected, f"killed at {writes[-1]}"
        expected |= place.record(1)
        place.lay()
    met(writes, "FROM relay_state", "FROM epoch", ":r", "UPDATE relay_state", "DELETE FROM outbox")


def test_a_republish_killed_anywhere_is_made_good_by_the_next(place: Place) -> None:
    expected, writes = place.record(3), list[str]()
    place.ask("UPDATE outbox SET parked_at = now()")

    async def republish() -> None:
        client, db = await connect(place.nats.url), Database(place.bare.url("worker"))
        await db.answers()
        await Republisher(db, [COUNTER], Publisher(client), fresh_id().hex).send()
        await client.close()
        await db.close()

    for writes in killed_at_every_write(republish, since="FROM epoch"):
        asyncio.run(republish())
        assert set(place.told()) == expected, f"killed at {writes[-1]}"
        assert place.ask("SELECT 1 FROM outbox") == [], "what the road has taken is parked no more"
        expected |= place.record(1)
        place.ask("UPDATE outbox SET parked_at = now()")
        place.lay()
    met(writes, ":r", "DELETE FROM outbox", "FROM published")


def test_a_subscriber_killed_anywhere_counts_each_message_once_and_keeps_each_broken_one_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    nak = Msg.nak
    monkeypatch.setattr(subscriber, "MAX_TRIES", 2)
    monkeypatch.setattr(Msg, "nak", lambda message, delay=None: nak(message, delay and 0.05))

    def send() -> dict[UUID, int]:
        """Two good messages, one that no handler takes, and one that is none."""
        expected = {fresh_id(): total for total in (3, 4)}
        bodies = [body(source, 1, total) for source, total in expected.items()]

        async def sent(client: Client) -> None:
            for each in (*bodies, body(fresh_id(), 1, POISON), b"not JSON"):
                await client.jetstream().publish(SUBJECT, each)

        place.on_road(sent)
        return expected

    def settled() -> bool:
        async def at_rest(client: Client) -> bool:
            info = await client.jetstream().consumer_info("BARE", ENTRIES.durable)
            return not info.num_pending and not info.num_ack_pending

        return bool(place.on_road(at_rest))

    expected, writes, kept = send(), list[str](), "SELECT reason FROM dead_letters ORDER BY reason"
    for writes in rounds(place.hear, settled, since="MSG.NEXT"):
        assert dict(place.ask("SELECT id, total FROM counter")) == expected, f"killed at {writes[-1]}"
        assert place.ask(kept) == [("contract",), ("handler",)]
        place.ask("DELETE FROM dead_letters")
        place.ask("DELETE FROM counter")
        place.lay()
        expected = send()
    met(writes, "BEGIN", "INSERT INTO counter", "COMMIT", "$JS.ACK", "INSERT INTO tries", "-NAK", "+TERM")
    met(writes, "INSERT INTO dead_letters")
