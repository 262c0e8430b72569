"""What the tests of the subscriber share: messages of a counter, a handler that adds them up, and a consumer at work."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from nats.aio.client import Client
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database
from shared.eventstore.decider import Recorded
from shared.messaging.envelope import Received, encode
from shared.messaging.streams import Subscription
from shared.messaging.subscriber import Consumer, new_broker, stop_broker
from tests.shared.eventstore.counter import Counted

SUBJECT = Counted.subject("medan")
POISON = 13


def body(source: UUID, version: int, total: int, *, recorded_at: datetime | None = None) -> bytes:
    at = recorded_at or datetime.now(UTC)
    return encode(
        Counted(total=total), Recorded("medan", source, version, at, at, {"correlation_id": "test"}), 1
    ).encode()


async def count(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
    """Adds every message's total into the counter of its source; fails on the poison."""
    for message in messages:
        await conn.execute(
            text(
                "INSERT INTO counter AS c VALUES ('medan', :id, 1, :total)"
                " ON CONFLICT (instansi, id) DO UPDATE SET total = c.total + excluded.total, version = c.version + 1"
            ),
            {"id": message.source, "total": message.data.total},
        )
        if message.data.total == POISON:
            raise ValueError("poison")


def subscription(kind: Literal["state", "event"] = "event", handle: Any = count) -> Subscription:
    return Subscription(durable=f"bare--bare--{kind}", messages=(Counted,), handle=handle, kind=kind)


@contextlib.asynccontextmanager
async def consumer(url: str, what: Subscription, db: Database) -> AsyncIterator[Consumer]:
    broker = new_broker(url, "", "", "bare")
    await broker.connect()
    running = Consumer(broker, what, db, "bare")
    task = asyncio.create_task(running.watch())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await running.stop()
        await stop_broker(broker)


async def totals(db: Database) -> dict[UUID, int]:
    async with db.transaction() as conn:
        return {row[0]: row[1] for row in (await conn.execute(text("SELECT id, total FROM counter"))).all()}


async def done(road: Client, durable: str) -> bool:
    info = await road.jetstream().consumer_info("BARE", durable)
    return not info.num_pending and not info.num_ack_pending
