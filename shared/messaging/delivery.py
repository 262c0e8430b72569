"""One delivery of a batch to a handler, in one transaction: the same for a message from the road and from a dead letter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription

#: Events older than this are recorded but not acted on. Shorter than the inbox is kept, so none can act twice.
HORIZON = timedelta(days=7)

_MARK = """
INSERT INTO inbox (durable, event_id, recorded_at) SELECT $1, * FROM unnest($2::uuid[], $3::timestamptz[])
ON CONFLICT DO NOTHING RETURNING event_id, recorded_at < now() - $4::interval
"""


async def deliver(db: Database, subscription: Subscription, messages: Sequence[Received[Any]]) -> None:
    """Hand `messages` to the subscription's handler and commit; run again from the start after a lost race."""
    await db.run(lambda conn: hand_over(conn, subscription, messages))


async def hand_over(conn: AsyncConnection, subscription: Subscription, messages: Sequence[Received[Any]]) -> None:
    """Hand those of `messages` that are to be handled to the handler, in the caller's transaction."""
    todo = _newest(messages) if subscription.kind == "state" else await _unseen(conn, subscription, messages)
    if todo:
        await subscription.handle(conn, todo)


def _newest(messages: Sequence[Received[Any]]) -> list[Received[Any]]:
    newest: dict[tuple[str, UUID], Received[Any]] = {}
    for message in messages:
        key = message.instansi, message.source
        if key not in newest or newest[key].order < message.order:
            newest[key] = message
    return [newest[key] for key in sorted(newest)]


async def _unseen(
    conn: AsyncConnection, subscription: Subscription, messages: Sequence[Received[Any]]
) -> list[Received[Any]]:
    by_id = {message.event_id: message for message in messages}
    ordered = sorted(by_id.values(), key=lambda message: message.event_id)
    ids, times = [m.event_id for m in ordered], [m.recorded_at for m in ordered]
    stale = {row[0]: row[1] for row in await fetch(conn, _MARK, subscription.durable, ids, times, HORIZON)}
    return [
        replace(message, stale=stale[message.event_id])
        for message in sorted(by_id.values(), key=lambda m: (m.instansi, m.source, m.order))
        if message.event_id in stale
    ]
