"""One delivery of a batch to a handler, in one transaction: the same for a message from the road and from a dead letter."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.base import Renewed
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription
from shared.observability.tracing import CONSUMER, continued

#: Events older than this are recorded but not acted on. Shorter than the inbox is kept, so none can act twice.
HORIZON = timedelta(days=7)

_MARK = """
INSERT INTO inbox (durable, event_id, recorded_at) SELECT $1, * FROM unnest($2::uuid[], $3::timestamptz[])
ON CONFLICT DO NOTHING RETURNING event_id, recorded_at < now() - $4::interval
"""


async def deliver(db: Database, subscription: Subscription, messages: Sequence[Received[Any]]) -> None:
    """Hand `messages` to the subscription's handler and commit; run again from the start after a lost race."""
    with continued(f"react {subscription.durable}", messages, CONSUMER, messages=len(messages)) as traced:
        await db.run(lambda conn: hand_over(conn, subscription, traced))


async def hand_over(conn: AsyncConnection, subscription: Subscription, messages: Sequence[Received[Any]]) -> None:
    """Hand those of `messages` that are to be handled to the handler, in the caller's transaction.

    What a restored record made void is dropped, however late it comes; behind the marker of one, older epochs are forgotten.
    """
    epochs = await _epochs(conn, subscription)
    valid = [message for message in messages if message.epoch >= epochs.get(message.instansi, 1)]
    facts = [message for message in valid if not isinstance(message.data, Renewed)]
    todo = _newest(facts) if subscription.kind == "state" else await _unseen(conn, subscription, facts)
    if todo:
        await subscription.handle(conn, todo)
    if len(facts) < len(valid):
        await _renew(conn, subscription, epochs, valid)


async def _epochs(conn: AsyncConnection, subscription: Subscription) -> dict[str, int]:
    """From which epoch on each instansi's messages count; nobody changes it until the transaction ends."""
    durable = subscription.durable
    while not (rows := await fetch(conn, "SELECT epochs::text FROM renewed WHERE durable = $1 FOR SHARE", durable)):
        await fetch(conn, "INSERT INTO renewed (durable) VALUES ($1) ON CONFLICT DO NOTHING", durable)
    epochs: dict[str, int] = orjson.loads(rows[0][0])
    return epochs


async def _renew(
    conn: AsyncConnection, subscription: Subscription, epochs: Mapping[str, int], messages: Sequence[Received[Any]]
) -> None:
    markers = [message for message in messages if isinstance(message.data, Renewed)]
    newest = {message.instansi: message.data.epoch for message in sorted(markers, key=lambda m: m.data.epoch)}
    newer = {instansi: epoch for instansi, epoch in newest.items() if epoch > epochs.get(instansi, 1)}
    said = orjson.dumps(newer).decode()
    await fetch(
        conn, "UPDATE renewed SET epochs = epochs || $2::text::jsonb WHERE durable = $1", subscription.durable, said
    )
    if subscription.renew is not None:
        for instansi, epoch in sorted(newer.items()):
            await subscription.renew(conn, instansi, epoch)


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
