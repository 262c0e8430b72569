"""The barrier between people's commands and the sealing of a period: both pass here, one kind at a time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.calendar import Period
from shared.eventstore.rows import fetch
from shared.people.queries import Rules, known_rules

#: How much a device's clock may be ahead around midnight.
LEEWAY = timedelta(minutes=10)

_LOCK = "SELECT pg_advisory_xact_lock{}(hashtextextended('activity.period:' || $1, 0))"
_CLOSING = "SELECT period, status, verifiable_until FROM activity_period WHERE instansi = $1"


@dataclass(frozen=True, slots=True)
class Desk:
    """What holds for commands of an instansi until the end of the transaction.

    `shut` periods take nothing new from people; in `final` ones nothing is decided any more either.
    """

    rules: Rules
    today: date
    shut: frozenset[str]
    final: frozenset[str]

    def period_of(self, day: date) -> str:
        """The period in which `day` counts: one that is closed already, also of the kind used before; else by the rules."""
        closed = (period for period in sorted(self.shut) if Period.parse(period).contains(day))
        return next(closed, None) or str(self.rules.period_of(day))


async def open_desk(conn: AsyncConnection, instansi: str, now: datetime) -> Desk:
    """Hold off sealing until this transaction ends, and learn what is closed; raises UnknownInstansi."""
    # The lock first and by itself: the next statement must see what a seal committed while we waited.
    await fetch(conn, _LOCK.format("_shared"), instansi)
    return await read_desk(conn, instansi, now)


async def stop_everybody(conn: AsyncConnection, instansi: str, now: datetime) -> Desk:
    """Wait until every command under way has ended and let none begin before this transaction ends."""
    await fetch(conn, _LOCK.format(""), instansi)
    return await read_desk(conn, instansi, now)


async def read_desk(conn: AsyncConnection, instansi: str, now: datetime) -> Desk:
    """What is closed at this moment, without holding anybody off; raises UnknownInstansi."""
    rules = await known_rules(conn, instansi)
    today = rules.local_date(now)
    closing = await fetch(conn, _CLOSING, instansi)
    final = frozenset(period for period, status, until in closing if status == "sealed" or until < today)
    return Desk(rules, today, frozenset(row[0] for row in closing), final)
