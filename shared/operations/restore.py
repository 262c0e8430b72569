"""After a database was put back to an earlier point: a new epoch, what was lost, and a marker behind what is told anew."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import asyncpg
import orjson

from shared.contracts.base import Message, Renewed
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.eventstore.outbox import Publication, publish_state
from shared.eventstore.rows import fetch

_AT_ONCE = 1_000
_SOURCES = UUID("4f1f7c1e-6b0a-5a54-9d2c-6f6d6f7b8a01")

# A version that was given again is another fact: only the time of its recording tells.
_UNKNOWN = """
SELECT k.place - 1 FROM unnest($1::text[], $2::uuid[], $3::int[], $4::timestamptz[])
    WITH ORDINALITY AS k (instansi, source, version, recorded_at, place)
WHERE NOT EXISTS (SELECT FROM events e
      WHERE (e.instansi, e.stream, e.version, e.recorded_at) = (k.instansi, k.source, k.version, k.recorded_at))
  AND NOT EXISTS (SELECT FROM published p WHERE (p.instansi, p.source) = (k.instansi, k.source)
      AND (p.version > k.version OR (p.version, p.changed_at) = (k.version, k.recorded_at)))
"""


class StillRunning(Exception):
    """The service is connected to its database: stop its API and its worker first."""


class Fact(NamedTuple):
    """Where a fact that is on the road stands, or stood."""

    instansi: str
    source: UUID
    version: int
    recorded_at: datetime
    type: str
    id: str

    def as_json(self) -> str:
        """One line for whoever has to enter it again."""
        return orjson.dumps(self._asdict()).decode()


@dataclass
class Road:
    """What the road knows of a service: its newest epoch, whose facts it holds, and which of them the record does not."""

    epoch: int = 0
    instansi: set[str] = field(default_factory=set)
    lost: set[Fact] = field(default_factory=set)


async def look(db: Database, told: AsyncIterator[bytes]) -> Road:
    """Compare everything that was `told` (CloudEvents as they lie on the road) with the record.

    What was told in an epoch before the record's own is void already: the restore that ended it listed what it lost.
    """
    road, page = Road(), []
    async with db.transaction() as conn:
        [[current]] = await fetch(conn, "SELECT value FROM epoch")
    async for body in told:
        try:
            said = orjson.loads(body)
            at = datetime.fromisoformat(said["recordedat"])
            fact = Fact(said["instansi"], UUID(said["subject"]), said["sourceversion"], at, said["type"], said["id"])
            road.epoch = max(road.epoch, said["epoch"])
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            continue  # not ours: whoever hears it calls it a dead letter
        road.instansi.add(fact.instansi)
        if ".record.renewed." not in fact.type and said["epoch"] >= current:
            page.append(fact)
        if len(page) == _AT_ONCE:
            road.lost |= await _unknown(db, page)
            page = []
    road.lost |= await _unknown(db, page)
    return road


async def _unknown(db: Database, facts: Sequence[Fact]) -> set[Fact]:
    columns = [[fact[place] for fact in facts] for place in range(4)]
    async with db.transaction() as conn:
        return {facts[row[0]] for row in await fetch(conn, _UNKNOWN, *columns)}


async def new_epoch(owner_url: str, road: Road) -> int:
    """Raise the epoch above every one ever told, and drop what waited to be told in an older one; as the owner.

    Raises StillRunning: who writes meanwhile would tell facts that nobody believes.
    """
    conn: Any = await asyncpg.connect(owner_url.replace("+asyncpg", ""), timeout=5, command_timeout=60)
    try:
        async with conn.transaction():
            busy = await conn.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename ~ '_(api|worker)$'"
            )
            if busy:
                raise StillRunning(f"{busy} connections of the service are open: stop its API and its worker first.")
            await conn.execute("DELETE FROM outbox")
            return int(
                await conn.fetchval("UPDATE epoch SET value = greatest(value, $1) + 1 RETURNING value", road.epoch)
            )
    finally:
        await conn.close(timeout=2)


async def mark(db: Database, service: str, epoch: int, road: Road) -> int:
    """Put the markers behind what was told anew, into the outbox; returns for how many instansi.

    Only after everything of the record was acknowledged by the road: hearers then forget what did not come again.
    """
    kinds = [kind for kind in Message.every() if issubclass(kind, Renewed) and kind.stream() == service.upper()]
    async with db.transaction() as conn:
        rows = await fetch(conn, "SELECT DISTINCT instansi FROM events UNION SELECT instansi FROM published")
        [[now]] = await fetch(conn, "SELECT now()")
        told = sorted({row[0] for row in rows} | road.instansi)
        acting = {
            each: Context(
                instansi=each, actor=None, role="system", now=now, correlation_id="restored", origin="reaction"
            )
            for each in told
        }
        markers = [
            Publication(each, uuid5(_SOURCES, service), kind.model_validate({"epoch": epoch}))
            for kind in kinds
            for each in told
        ]
        await publish_state(conn, acting, markers)
        return len(markers)
