"""One summary a day for everybody who has entries to verify, at the hour the instansi chose."""

from collections import defaultdict
from datetime import date, datetime, time
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.notice.owed import Announcement, announce
from services.notification.notice.rules import summary
from shared.calendar import zone_of
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.people.queries import authorities

_INSTANSI = """
SELECT h.instansi, h.zone, h.policy->>'daily_summary_at', now() FROM heard_instansi h
WHERE NOT h.suspended ORDER BY h.instansi
"""
# The hour is part of the key: an instansi that chooses a later one today gets what has come up meanwhile.
_RUN = "INSERT INTO summary_run (instansi, day, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING instansi"
_WAITING = """
SELECT employee, day, count(*)::int FROM heard_waiting WHERE instansi = $1 AND waiting GROUP BY employee, day
"""


async def summarise(db: Database) -> None:
    """The job: make the summaries of every instansi whose hour has come today and that has none yet."""
    async with db.transaction() as conn:
        found = await fetch(conn, _INSTANSI)
    for instansi, zone, at, now in found:
        local = now.astimezone(zone_of(zone))
        if local.time() >= time.fromisoformat(at):
            await db.run(partial(_summarise, instansi=instansi, day=local.date(), at=at, now=now))


async def _summarise(conn: AsyncConnection, instansi: str, day: date, at: str, now: datetime) -> None:
    if not await fetch(conn, _RUN, instansi, day, at):
        return
    counts = {(row[0], row[1]): row[2] for row in await fetch(conn, _WAITING, instansi)}
    may = await authorities(conn, instansi, counts.keys(), day)
    waiting: dict[UUID, dict[UUID, tuple[int, date]]] = defaultdict(dict)
    for (employee, worked), count in counts.items():
        for superior in may[employee, worked].verifiers:
            others, oldest = waiting[superior].get(employee, (0, worked))
            waiting[superior][employee] = others + count, min(oldest, worked)
    owed = [Announcement(summary(superior, day, waiting[superior]), now) for superior in sorted(waiting)]
    await announce(conn, instansi, owed)
