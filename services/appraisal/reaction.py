"""How this service acts on messages: as itself, with the correlation of what it heard."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.messaging.envelope import Received


def by_instansi(messages: Sequence[Received[Any]]) -> dict[str, list[Received[Any]]]:
    """Messages of each instansi, sorted by its code, so that locks are taken in one order everywhere."""
    groups: dict[str, list[Received[Any]]] = defaultdict(list)
    for message in sorted(messages, key=lambda m: m.instansi):
        groups[message.instansi].append(message)
    return groups


async def reactions(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> dict[str, Context]:
    """Who acts on `messages`, for each instansi of theirs."""
    [[now]] = await fetch(conn, "SELECT now()")
    return {instansi: _context(instansi, now, group) for instansi, group in by_instansi(messages).items()}


async def reaction(conn: AsyncConnection, instansi: str, messages: Sequence[Received[Any]]) -> Context:
    """Who acts on `messages` of one instansi; the newest of them is named as the cause, and the newest that is traced goes on."""
    [[now]] = await fetch(conn, "SELECT now()")
    return _context(instansi, now, messages)


def _context(instansi: str, now: datetime, messages: Sequence[Received[Any]]) -> Context:
    imported = all(message.origin == "import" for message in messages)
    newest = max(messages, key=lambda m: m.recorded_at)
    traced = max(messages, key=lambda m: (m.traceparent is not None, m.recorded_at))
    return Context(
        instansi=instansi,
        actor=None,
        role="system",
        now=now,
        correlation_id=newest.correlation_id,
        causation_id=str(newest.event_id),
        origin="import" if imported else "reaction",
        traceparent=traced.traceparent,
    )


async def own_motion(conn: AsyncConnection, instansi: str, why: str) -> Context:
    """This service acting by itself, such as at the change of a period."""
    [[now]] = await fetch(conn, "SELECT now()")
    return Context(
        instansi=instansi, actor=None, role="system", now=now, correlation_id=f"appraisal-{why}", origin="reaction"
    )
