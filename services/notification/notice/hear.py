"""What every hearer of facts does: keep the notices that each message owes."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.notice.owed import Announcement, announce
from services.notification.notice.rules import owed
from shared.contracts.appraisal import ScoreChanged
from shared.eventstore.rows import fetch
from shared.messaging.envelope import Received


async def tell(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    """An event handler: each message's notices are owed once; those of old or imported facts are kept but not told."""
    by_instansi: dict[str, list[Received[Any]]] = defaultdict(list)
    for message in messages:
        by_instansi[message.instansi].append(message)
    sql = "SELECT instansi FROM setting WHERE notify_imports AND instansi = ANY($1::text[])"
    imports_too = {row[0] for row in await fetch(conn, sql, sorted(by_instansi))}
    for instansi in sorted(by_instansi):
        announcements = [
            Announcement(notice, message.occurred_at, _outcome(message, instansi in imports_too), message.traceparent)
            for message in by_instansi[instansi]
            for notice in owed(message.event_id, message.data)
        ]
        await announce(conn, instansi, announcements)


def _outcome(message: Received[Any], imports_too: bool) -> str:
    if message.stale:
        return "stale"
    # One batch may hold imports and what people did: then only the score itself says what moved it.
    imported = message.origin == "import" or (isinstance(message.data, ScoreChanged) and message.data.imported)
    return "import" if imported and not imports_too else "open"
