"""Two versions of a message are told side by side until the older one's end: each hearer gets its own, whole."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded.nats import Nats
from shared.contracts.base import Deprecation, Message
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order, Recorded
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.relay import Relay
from shared.ids import fresh_id
from shared.messaging.envelope import Received
from shared.messaging.publisher import Publisher
from shared.messaging.streams import Subscription, apply, connect
from shared.operations.republish import Republisher
from shared.testing.waiting import until
from shared.web.asyncapi import document
from shared.web.pages import messages_page
from tests.shared.eventstore.counter import COUNTER, Add, Added, State
from tests.shared.messaging.rig import consumer

V1, V2 = "kinerja.medan.bare.tally.changed.v1", "kinerja.medan.bare.tally.changed.v2"


class Tally1(Message):
    """The total as a word."""

    TYPE = "bare.tally.changed"
    DEPRECATION = Deprecation(date(2026, 3, 1), date(2027, 6, 30))

    total: str


class Tally2(Message):
    """The total as a number."""

    TYPE = "bare.tally.changed"
    VERSION = 2

    total: int


def _publish(event: Added, state: State, at: Recorded) -> Sequence[Message]:
    return Tally1(total=str(state.total)), Tally2(total=state.total)


TALLY = replace(COUNTER, publish=_publish)


@pytest.fixture
async def road(nats_server: Nats) -> AsyncIterator[Client]:
    client = await connect(nats_server.url)
    with contextlib.suppress(Exception):
        await client.jetstream().delete_stream("BARE")
    yield client
    await client.close()


@contextlib.asynccontextmanager
async def _relay(db: Database, client: Client) -> AsyncIterator[None]:
    async def resend(publisher: Publisher, since: datetime) -> int:
        return await Republisher(db, [TALLY], publisher, since.isoformat()).send(since)

    task = asyncio.create_task(Relay("bare", db.driver_url(), client, resend).run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _hearing(message: type[Message], heard: list[Received[Any]]) -> Subscription:
    async def keep(_: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
        heard.extend(messages)

    return Subscription(durable=f"bare--bare--v{message.VERSION}", messages=(message,), handle=keep, kind="event")


async def _on_the_road(client: Client) -> dict[str, list[dict[str, Any]]]:
    state = (await client.jetstream().stream_info("BARE")).state
    found: dict[str, list[dict[str, Any]]] = {}
    for sequence in range(state.first_seq, state.last_seq + 1):
        message = await client.jetstream().get_msg("BARE", sequence)
        found.setdefault(str(message.subject), []).append(orjson.loads(message.data or b""))
    return found


async def _came(count: int, *heard: list[Received[Any]]) -> bool:
    return all(len(each) >= count for each in heard)


async def _heard_all(road: Client, hears: Sequence[Subscription]) -> bool:
    infos = [await road.jetstream().consumer_info("BARE", each.durable) for each in hears]
    return all(info.num_pending == 0 and info.num_ack_pending == 0 for info in infos)


async def test_each_version_reaches_its_hearers_under_ids_that_a_republish_keeps(
    api: Database, worker: Database, road: Client, nats_server: Nats, context: Context
) -> None:
    old: list[Received[Any]] = []
    new: list[Received[Any]] = []
    hears = [_hearing(Tally1, old), _hearing(Tally2, new)]
    await apply(road.jetstream(), ["bare"], hears)
    streams = [fresh_id() for _ in range(3)]
    orders = [Order(stream, Add(amount)) for stream in streams for amount in (2, 3)]
    ids = {(stream, version): uuid5(stream, f"medan:{version}") for stream in streams for version in (1, 2)}
    async with (
        _relay(worker, road),
        consumer(nats_server.url, hears[0], worker),
        consumer(nats_server.url, hears[1], worker),
    ):
        await api.run(lambda conn: execute(conn, TALLY, context, orders), "medan")
        await until(lambda: _came(6, old, new))
        assert {(each.source, each.version): each.data.total for each in old} == {
            f: {1: "2", 2: "5"}[f[1]] for f in ids
        }
        assert {(each.source, each.version): each.data.total for each in new} == {f: {1: 2, 2: 5}[f[1]] for f in ids}
        assert {(each.source, each.version): each.event_id for each in old} == ids
        assert {(each.source, each.version): each.event_id for each in new} == {
            fact: uuid5(id, "v2") for fact, id in ids.items()
        }
        await until(lambda: _heard_all(road, hears))
        await road.jetstream().purge_stream("BARE")
        assert await Republisher(worker, [TALLY], Publisher(road), "again").send() == 12
        again = await _on_the_road(road)
        assert {UUID(each["id"]) for each in again[V1]} == set(ids.values())
        assert {UUID(each["id"]) for each in again[V2]} == {uuid5(id, "v2") for id in ids.values()}
        await until(lambda: _heard_all(road, hears))
    assert (len(old), len(new)) == (6, 6), "told again is not told anew"


async def test_published_state_has_a_source_of_its_own_in_each_version(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    await apply(road.jetstream(), ["bare"], [])
    row = fresh_id()

    async def tell(conn: AsyncConnection, total: int) -> None:
        both = [
            Publication("medan", row, Tally1(total=str(total))),
            Publication("medan", row_source(row, "v2"), Tally2(total=total)),
        ]
        await publish_state(conn, context, both)

    for total in (4, 4, 9):
        await api.run(lambda conn, total=total: tell(conn, total), "medan")  # type: ignore[misc]
    assert await Republisher(worker, [], Publisher(road), "one").send() == 2
    told = await _on_the_road(road)
    assert {subject: [body["data"]["total"] for body in bodies] for subject, bodies in told.items()} == {
        V1: ["9"],
        V2: [9],
    }
    assert [bodies[0]["sourceversion"] for bodies in told.values()] == [2, 2]
    assert told[V1][0]["id"] != told[V2][0]["id"]


async def test_an_announced_end_stands_in_the_message_the_document_and_the_page(
    api: Database, worker: Database, road: Client, context: Context
) -> None:
    await apply(road.jetstream(), ["bare"], [])
    await api.run(lambda conn: execute(conn, TALLY, context, [Order(fresh_id(), Add(1))]), "medan")
    await Republisher(worker, [TALLY], Publisher(road), "one").send()
    told = await _on_the_road(road)
    marks = {key: value for key, value in told[V1][0].items() if key.startswith("deprecat")}
    assert marks == {
        "deprecated": True,
        "deprecationfrom": "2026-03-01T00:00:00Z",
        "deprecationsunset": "2027-06-30T00:00:00Z",
    }
    assert not [key for key in told[V2][0] if key.startswith("deprecat")]
    described = document("bare", "Bare", "1", [Tally1, Tally2], [])
    messages = described["components"]["messages"]
    assert messages["bare.tally.changed.v1"]["x-sunset"] == "2027-06-30"
    assert "x-sunset" not in messages["bare.tally.changed.v2"]
    page = bytes(messages_page(described, "/asyncapi.json").body).decode()
    assert page.count("told until 2027-06-30") == 1
