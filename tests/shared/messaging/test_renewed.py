"""What a restored record makes void is forgotten by every durable of every service, in whatever order it is told."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from deploy.services import load, service_names
from shared.contracts.base import Message, Renewed
from shared.contracts.schema_files import SAMPLES
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received, decode
from shared.messaging.streams import Subscription
from shared.testing.infrastructure import Databases

HEARD = [
    (name, subscription)
    for name in service_names()
    for subscription in load(name).subscriptions
    if subscription.kind == "state"
]


def test_every_durable_that_keeps_states_hears_the_marker_and_forgets() -> None:
    assert HEARD
    for _, subscription in HEARD:
        markers = [kind for kind in subscription.messages if issubclass(kind, Renewed)]
        assert [kind.stream() for kind in markers] == [subscription.stream], subscription.durable
        assert subscription.renew is not None, subscription.durable


def _sample(kind: type[Message]) -> Received[Any]:
    name = f"{kind.TYPE}.v{kind.VERSION}"
    return decode((SAMPLES / f"{name}.json").read_bytes(), f"kinerja.medan.{name}", (kind,))


def _told(subscription: Subscription) -> tuple[list[Received[Any]], Received[Any]]:
    """A message of each type in epoch 1, and the marker of epoch 2."""
    facts = [_sample(kind) for kind in subscription.messages if not issubclass(kind, Renewed)]
    facts = [replace(fact, epoch=1, version=place) for place, fact in enumerate(facts, 1)]
    [kind] = [kind for kind in subscription.messages if issubclass(kind, Renewed)]
    return facts, _sample(kind)


async def _kept(db: Database) -> dict[str, list[str]]:
    """The rows of all tables that have an epoch, without it."""
    async with db.transaction() as conn:
        tables = await fetch(conn, "SELECT table_name FROM information_schema.columns WHERE column_name = 'epoch'")
        return {
            table: [
                row[0] for row in await fetch(conn, f"SELECT (to_jsonb(t) - 'epoch')::text FROM {table} t ORDER BY 1")
            ]
            for (table,) in tables
        }


@pytest.mark.parametrize(("service", "subscription"), HEARD, ids=[each.durable for _, each in HEARD])
async def test_what_does_not_come_again_is_forgotten(
    service: str, subscription: Subscription, databases: Databases
) -> None:
    facts, marker = _told(subscription)
    db = Database(databases(service).url("worker"))
    for fact in facts:
        await deliver(db, subscription, [fact])
    assert any((await _kept(db)).values())
    await deliver(db, subscription, [marker])
    assert not any((await _kept(db)).values())
    await deliver(db, subscription, facts)
    assert not any((await _kept(db)).values()), "late, and of an older epoch"
    await db.close()


@pytest.mark.parametrize(("service", "subscription"), HEARD, ids=[each.durable for _, each in HEARD])
async def test_what_comes_again_stays_whatever_comes_first(
    service: str, subscription: Subscription, databases: Databases
) -> None:
    facts, marker = _told(subscription)
    old = replace(facts[-1], version=9, event_id=uuid4())
    again = replace(facts[-1], epoch=2, event_id=uuid4())
    only = Database(databases(service).url("worker"))
    await deliver(only, subscription, [again])
    wanted = await _kept(only)
    assert any(wanted.values())
    await only.close()
    for order in _orders([old, again, marker]):
        db = Database(databases(service).url("worker"))
        for batch in order:
            await deliver(db, subscription, batch)
        assert await _kept(db) == wanted, order
        await db.close()


def _orders(messages: Sequence[Received[Any]]) -> list[list[list[Received[Any]]]]:
    """One by one in every order, and all at once."""
    return [[list(messages)], *([[each] for each in order] for order in permutations(messages))]


def test_a_marker_says_the_epoch_it_begins() -> None:
    for path in SAMPLES.glob("*.record.renewed.v1.json"):
        said = json.loads(path.read_text())
        assert said["data"]["epoch"] == said["epoch"]
