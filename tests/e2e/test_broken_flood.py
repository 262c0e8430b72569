"""Ten thousand broken messages among good ones: each of them a dead letter with its reason, every good one processed."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from nats.aio.client import Client
from sqlalchemy import text

import shared.contracts
from deploy.embedded.nats import Nats
from deploy.services import load
from shared.eventstore.database import Database
from shared.ids import fresh_id
from shared.messaging.streams import Subscription, apply, connect
from shared.messaging.subscriber import Consumer, new_broker, stop_broker
from shared.testing.infrastructure import Databases
from shared.testing.waiting import until
from tests.e2e.broken import Document, Sent, broken, odd

_SEED = 20_261_122
_SAMPLES = Path(shared.contracts.__path__[0]) / "samples"
_AT_ONCE = 256
#: Service, durable, a type it hears, the field that names what the message is about, and where the handler keeps that.
_HEARERS = [
    ("appraisal", "appraisal--activity--entries", "activity.entry.verified", "entry", "heard_entry", "entry"),
    ("training", "training--appraisal--gaps", "appraisal.gap.found", "gap", "need", "gap"),
    ("notification", "notification--activity--waiting", "activity.entry.returned", "entry", "heard_waiting", "id"),
    ("notification", "notification--activity--notices", "activity.entry.returned", "entry", "inbox", "event_id"),
    ("activity", "activity--appraisal--plans", "appraisal.plan.agreed", "plan", "heard_plan", "id"),
]


class Flood:
    """One durable of a service at work on real servers, and what was sent to it."""

    def __init__(self, road: Client, db: Database, subscription: Subscription, type_: str, source: str) -> None:
        self.road, self.db, self.subscription, self.source = road, db, subscription, source
        self.sample = orjson.loads((_SAMPLES / f"{type_}.v1.json").read_bytes())
        self.subject = f"kinerja.kota-pos.{type_}.v1"
        self.reasons: dict[int, Sent] = {}
        self.wanted: set[str] = set()
        self.events: set[str] = set()

    def good(self) -> tuple[str, Document]:
        """A message like the sample about something new."""
        source = str(fresh_id())
        more = {"quantity": "5"} if "quantity" in self.sample["data"] else {}
        data = self.sample["data"] | more | {self.source: source}
        about = {"instansi": "kota-pos", "id": str(fresh_id()), "subject": source, "data": data}
        return self.subject, self.sample | about

    async def send(self, messages: Sequence[Sent]) -> None:
        """Publish all, each acknowledged, and note what is to become of it."""
        for start in range(0, len(messages), _AT_ONCE):
            await asyncio.gather(*(self._put(message) for message in messages[start : start + _AT_ONCE]))

    async def _put(self, message: Sent) -> None:
        ack = await self.road.jetstream().publish(
            message.subject, message.payload, headers=dict(message.headers) or None, timeout=30
        )
        assert not ack.duplicate
        if message.reason is not None:
            self.reasons[ack.seq] = message
            return
        document = orjson.loads(message.payload)
        self.wanted.add(document["subject"])
        self.events.add(document["id"])

    def plain(self, number: int) -> list[Sent]:
        """Good messages."""
        made = (self.good() for _ in range(number))
        return [Sent(kind="good", subject=s, payload=orjson.dumps(document), reason=None) for s, document in made]

    async def handled(self) -> bool:
        """Whether nothing waits any more."""
        info = await self.road.jetstream().consumer_info(self.subscription.stream, self.subscription.durable)
        return not info.num_pending and not info.num_ack_pending

    async def rows(self, sql: str) -> list[Any]:
        async with self.db.transaction() as conn:
            return list((await conn.execute(text(sql))).all())

    async def check(self, table: str, key: str) -> None:
        """Every broken message is one dead letter that says why, every good one was processed once, nothing waits."""
        letters = await self.rows("SELECT stream_seq, error, reason, tries, payload FROM dead_letters")
        assert Counter(letter.stream_seq for letter in letters) == Counter(self.reasons.keys())
        wrong = [
            (sent.kind, letter.error[:100])
            for letter in letters
            if (sent := self.reasons[letter.stream_seq]).reason not in letter.error
            or (letter.reason, letter.tries, bytes(letter.payload)) != ("contract", 1, sent.payload)
        ]
        assert wrong == []
        where = f" WHERE durable = '{self.subscription.durable}'" if table == "inbox" else ""
        kept = Counter(str(row[0]) for row in await self.rows(f"SELECT {key} FROM {table}{where}"))
        assert kept == Counter(self.events if table == "inbox" else self.wanted)
        assert await self.rows("SELECT * FROM tries") == []


@contextlib.asynccontextmanager
async def _flooded(
    nats_server: Nats, databases: Databases, service: str, durable: str, type_: str, source: str
) -> AsyncIterator[tuple[Flood, Consumer]]:
    db = Database(databases(service).url("worker"))
    subscription = next(each for each in load(service).subscriptions if each.durable == durable)
    road = await connect(nats_server.url)
    js = road.jetstream()
    for info in await js.streams_info():
        await js.delete_stream(str(info.config.name))
    await apply(js, [subscription.messages[0].TYPE.split(".")[0]], [subscription])
    broker = new_broker(nats_server.url, "", "", service)
    await broker.connect()
    consumer = Consumer(broker, subscription, db, service)
    task = asyncio.create_task(consumer.watch())
    try:
        yield Flood(road, db, subscription, type_, source), consumer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.stop()
        await stop_broker(broker)
        await road.close()
        await db.close()


@pytest.mark.parametrize(("service", "durable", "type_", "source", "table", "key"), _HEARERS, ids=lambda v: str(v))
async def test_every_kind_of_broken_message_becomes_a_dead_letter_at_every_service(
    nats_server: Nats, databases: Databases, service: str, durable: str, type_: str, source: str, table: str, key: str
) -> None:
    random = Random(_SEED)
    async with _flooded(nats_server, databases, service, durable, type_, source) as (flood, consumer):
        messages = [*broken(random, 250, flood.good), *odd(random, flood.good), *flood.plain(100)]
        random.shuffle(messages)
        await flood.send(messages)
        await until(flood.handled, 60)
        await flood.check(table, key)
        assert consumer.problem is None


async def test_ten_thousand_broken_messages_stop_no_good_one(nats_server: Nats, databases: Databases) -> None:
    random = Random(_SEED)
    service, durable, type_, source, table, key = _HEARERS[0]
    async with _flooded(nats_server, databases, service, durable, type_, source) as (flood, consumer):
        messages = [*broken(random, 10_000, flood.good), *flood.plain(2_000)]
        random.shuffle(messages)
        await flood.send(messages)
        await until(flood.handled, 120)
        await flood.check(table, key)
        await flood.send(flood.plain(1_000))
        await until(flood.handled)
        await flood.check(table, key)
        assert consumer.problem is None
