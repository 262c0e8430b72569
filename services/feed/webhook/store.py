"""What the delivering worker reads and writes: an endpoint is claimed, worked on without a transaction, and settled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.feed.paging import Place
from services.feed.webhook.plan import DOWN, MOST_WAITING, Item, State, Step
from shared.eventstore.rows import fetch, to_json
from shared.messaging.reading import Extent

#: Longer than one turn can last, so that nobody else has the endpoint meanwhile; after a kill it waits so long.
LEASE_SECONDS = 60
_PROBE = "interval '5 minutes'"
_LOOK = "interval '1 minute'"

_STREAMS = """
SELECT DISTINCT p.stream FROM place p JOIN endpoint e ON e.instansi = p.instansi AND e.id = p.endpoint
WHERE e.status = 'active'
"""
# A replica of a stream may have told less than its leader knew: each endpoint looks once a minute in any case.
_CLAIM = f"""
WITH road AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(stream text, born timestamptz, last bigint)),
due AS (
    SELECT e.instansi, e.id FROM endpoint e
    WHERE e.status = 'active' AND (e.leased_until IS NULL OR e.leased_until <= now())
      AND NOT EXISTS (SELECT FROM heard_instansi h WHERE h.instansi = e.instansi AND h.suspended)
      AND (EXISTS (SELECT FROM delivery d WHERE d.instansi = e.instansi AND d.endpoint = e.id
                   AND d.status = 'waiting' AND d.due_at <= now())
        OR (e.failures >= {DOWN} AND e.looked_at < now() - {_PROBE})
        OR (e.failures < {DOWN} AND (e.looked_at < now() - {_LOOK} OR EXISTS (
            SELECT FROM place p JOIN road r ON r.stream = p.stream WHERE p.instansi = e.instansi AND p.endpoint = e.id
              AND (p.seen_born IS DISTINCT FROM r.born OR p.seen < r.last)))))
    ORDER BY e.looked_at NULLS FIRST LIMIT $2 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE endpoint e SET lease = gen_random_uuid(), leased_until = now() + interval '{LEASE_SECONDS} seconds',
        looked_at = now()
    FROM due WHERE e.instansi = due.instansi AND e.id = due.id RETURNING e.*
)
SELECT c.instansi, c.id, c.url, c.lease, c.secret,
    CASE WHEN c.old_secret_until > now() THEN c.old_secret END, c.failures, c.last_delivered_at,
    ARRAY(SELECT t FROM unnest(c.types) t WHERE c.system IS NULL OR EXISTS (
        SELECT FROM access_grant g WHERE g.instansi = c.instansi AND g.system = c.system AND t = ANY(g.types)) ORDER BY 1),
    c.since, c.missed_before
FROM claimed c
"""
_PLACES = "SELECT stream, born, seq, until, epoch FROM place WHERE instansi = $1 AND endpoint = $2"
_WAITING = """
WITH not_granted AS (
    UPDATE delivery SET status = 'failed', outcome = 'not-granted', body = NULL, due_at = NULL, last_at = now()
    WHERE instansi = $1 AND endpoint = $2 AND status = 'waiting' AND type <> ALL($5::text[])
)
SELECT event_id, type, body, tries, first_at, due_at > now() FROM delivery
WHERE instansi = $1 AND endpoint = $2 AND status = 'waiting' AND type = ANY($5) AND (due_at <= now() OR $4)
ORDER BY due_at LIMIT $3
"""
_RELEASE = """
UPDATE endpoint SET lease = NULL, leased_until = NULL, failures = $4, last_delivered_at = $5, delivered = delivered + $6,
    missed_before = coalesce($7, missed_before), status = CASE status WHEN 'active' THEN $8 ELSE status END,
    reason = CASE status WHEN 'active' THEN $9 ELSE reason END
WHERE instansi = $1 AND id = $2 AND lease = $3 RETURNING status, reason, created_by
"""
_KEEP_PLACES = """
INSERT INTO place AS p (instansi, endpoint, stream, born, seq, until, epoch, seen_born, seen)
SELECT $1, $2, r.* FROM jsonb_to_recordset($3::jsonb) AS
    r(stream text, born timestamptz, seq bigint, until timestamptz, epoch integer, seen_born timestamptz, seen bigint)
ON CONFLICT (instansi, endpoint, stream) DO UPDATE SET born = excluded.born, seq = excluded.seq, until = excluded.until,
    epoch = excluded.epoch, seen_born = excluded.seen_born, seen = excluded.seen
RETURNING stream
"""
_KEEP_STEPS = """
INSERT INTO delivery AS d (instansi, endpoint, event_id, type, body, status, outcome, tries, due_at, first_at, last_at)
SELECT $1, $2, r.*, now(), now()
FROM unnest($3::uuid[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::integer[], $9::timestamptz[])
    AS r(event_id, type, body, status, outcome, tries, due_at)
WHERE r.status <> 'delivered' OR EXISTS (SELECT FROM delivery o
    WHERE (o.instansi, o.endpoint, o.event_id) = ($1, $2, r.event_id) AND o.status <> 'delivered')
ON CONFLICT (instansi, endpoint, event_id) DO UPDATE SET body = excluded.body, status = excluded.status,
    outcome = excluded.outcome, tries = excluded.tries, due_at = excluded.due_at, last_at = excluded.last_at,
    first_at = CASE d.status WHEN 'waiting' THEN d.first_at ELSE excluded.first_at END
RETURNING event_id
"""
_ALL_DUE = "UPDATE delivery SET due_at = now() WHERE instansi = $1 AND endpoint = $2 AND status = 'waiting'"
_MANY = "SELECT count(*) FROM (SELECT FROM delivery WHERE instansi = $1 AND endpoint = $2 AND status = 'waiting' LIMIT $3) w"


@dataclass(frozen=True, slots=True)
class Claimed:
    """An endpoint that this worker alone has until its lease ends. `types` are those granted now.

    It is owed what was sent from `since` on, of which some was dropped before `missed_before`.
    """

    instansi: str
    id: UUID
    url: str
    lease: UUID
    secret: bytes
    old_secret: bytes | None
    failures: int
    last_delivered_at: datetime | None
    types: list[str]
    since: datetime
    missed_before: datetime | None

    @property
    def down(self) -> bool:
        """Whether it took nothing at all lately."""
        return self.failures >= DOWN


@dataclass(frozen=True, slots=True)
class Stopped:
    """An endpoint that a turn paused or disabled, and the person who made it (None: a system)."""

    status: str
    reason: str
    owner: UUID | None


async def streams(conn: AsyncConnection) -> list[str]:
    """Those that some active endpoint hears of; none where there is no endpoint."""
    return [row[0] for row in await fetch(conn, _STREAMS)]


async def claim(conn: AsyncConnection, extents: Mapping[str, Extent], most: int) -> list[Claimed]:
    """Endpoints for which there may be something to do, those that waited longest first."""
    road = [{"stream": stream, "born": extent.born, "last": extent.last} for stream, extent in extents.items()]
    return [Claimed(*row) for row in await fetch(conn, _CLAIM, to_json(road), most)]


async def places(conn: AsyncConnection, of: Claimed) -> dict[str, Place]:
    """How far it has come."""
    return {row[0]: Place(*row[1:]) for row in await fetch(conn, _PLACES, of.instansi, of.id)}


async def waiting(conn: AsyncConnection, of: Claimed, most: int) -> list[Item]:
    """What is to be tried again now; of an endpoint that is down one event, before its time where need be.

    What its owner may no longer have is given up.
    """
    rows = await fetch(conn, _WAITING, of.instansi, of.id, 1 if of.down else most, of.down, of.types)
    return [Item(*row) for row in rows]


async def keep(
    conn: AsyncConnection,
    of: Claimed,
    state: State,
    steps: Sequence[Step],
    now_places: Mapping[str, Place],
    seen: Mapping[str, Extent],
    missed: datetime | None,
    due: Sequence[datetime | None],
) -> Stopped | None:
    """Write what a turn brought about and give the endpoint back; nothing when its lease was lost meanwhile.

    `seen`: streams that held nothing more. `due`: when each of the steps is tried again.
    """
    key = of.instansi, of.id
    if state.status == "active" and await _too_many(conn, key, steps):
        state = State(state.failures, state.last_delivered_at, "paused", "refused", state.delivered, state.recovered)
    values = state.failures, state.last_delivered_at, state.delivered, missed, state.status, state.reason
    released = await fetch(conn, _RELEASE, *key, of.lease, *values)
    if not released:
        return None
    rows = [
        {
            "stream": stream,
            "born": place.born,
            "seq": place.seq,
            "until": place.until,
            "epoch": place.epoch,
            "seen_born": seen[stream].born if stream in seen else None,
            "seen": seen[stream].last if stream in seen else 0,
        }
        for stream, place in now_places.items()
    ]
    await fetch(conn, _KEEP_PLACES, *key, to_json(rows))
    await _keep_steps(conn, key, steps, due)
    if state.recovered:
        await fetch(conn, _ALL_DUE, *key)
    status, reason, by = released[0]
    return Stopped(status, reason, person(by)) if state.status != "active" and reason == state.reason else None


async def _too_many(conn: AsyncConnection, key: tuple[str, UUID], steps: Sequence[Step]) -> bool:
    new = sum(step.status == "waiting" for step in steps)
    return bool(new) and (await fetch(conn, _MANY, *key, MOST_WAITING))[0][0] >= MOST_WAITING


async def _keep_steps(
    conn: AsyncConnection, key: tuple[str, UUID], steps: Sequence[Step], due: Sequence[datetime | None]
) -> None:
    """Those that were delivered at the first try leave no row, unless they were given up before."""
    columns: list[list[Any]] = [
        [step.item.id for step in steps],
        [step.item.type for step in steps],
        [step.item.body if step.status == "waiting" else None for step in steps],
        [step.status for step in steps],
        [step.outcome for step in steps],
        [step.tries for step in steps],
        list(due),
    ]
    if steps:
        await fetch(conn, _KEEP_STEPS, *key, *columns)


def person(by: str) -> UUID | None:
    """The employee of whom it says that they did something; None for a system."""
    try:
        return UUID(by)
    except ValueError:
        return None
