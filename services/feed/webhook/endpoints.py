"""Endpoints as their owners manage them: plain rows; a system sees its own, hr all of the instansi."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.feed.event_types import by_stream
from shared.errors import NotFound, Refusal
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, Role

_MOST = 50
_COLUMNS = """id, url, types, system, status, reason, since, failures, delivered, last_delivered_at, missed_before,
    old_secret_until, created_at, created_by, changed_at, changed_by,
    (SELECT count(*) FROM delivery d WHERE d.instansi = e.instansi AND d.endpoint = e.id AND d.status = 'waiting') AS waiting,
    given_up, given_up_since, last_given_up, last_given_up_reason"""
_NAMES = (
    "id", "url", "types", "system", "status", "reason", "since", "failures", "delivered", "last_delivered_at",
    "missed_before", "old_secret_until", "created_at", "created_by", "changed_at", "changed_by", "waiting",
    "given_up", "given_up_since", "last_given_up", "last_given_up_reason",
)  # fmt: skip
# What was lost with its grant is not owed.
_SHOWN = f"""
SELECT {_COLUMNS} FROM endpoint e CROSS JOIN LATERAL (
    SELECT count(*) AS given_up, min(first_at) AS given_up_since,
        (array_agg(event_id ORDER BY last_at DESC))[1] AS last_given_up,
        (array_agg(outcome ORDER BY last_at DESC))[1] AS last_given_up_reason
    FROM delivery d
    WHERE d.instansi = e.instansi AND d.endpoint = e.id AND d.status = 'failed' AND d.outcome <> 'not-granted'
) g
"""
_OWN = "e.instansi = $1 AND ($2::text IS NULL OR e.system = $2)"
_CREATE = """
INSERT INTO endpoint (instansi, id, url, types, system, since, secret, created_by, changed_by)
VALUES ($1, $2, $3, $4::text[], $5, $6, $7, $8, $8) RETURNING id
"""
_CHANGE = """
UPDATE endpoint SET url = $3, types = $4::text[], changed_at = now(), changed_by = $5, lease = NULL, leased_until = NULL
WHERE instansi = $1 AND id = $2 RETURNING id
"""
_NEW_PLACES = """
INSERT INTO place (instansi, endpoint, stream, seq, until) SELECT $1, $2, unnest($3::text[]), 0, $4
ON CONFLICT DO NOTHING RETURNING stream
"""
_OLD_PLACES = "DELETE FROM place WHERE instansi = $1 AND endpoint = $2 AND stream <> ALL($3::text[])"
# Without its lease a turn that is under way writes nothing: it would undo what is decided here.
_PAUSE = """
UPDATE endpoint SET status = 'paused', reason = 'asked', changed_at = now(), changed_by = $3
WHERE instansi = $1 AND id = $2 AND status = 'active' RETURNING id
"""
_RESUME = """
UPDATE endpoint SET status = 'active', reason = NULL, failures = 0, changed_at = now(), changed_by = $3,
    lease = NULL, leased_until = NULL, looked_at = NULL
WHERE instansi = $1 AND id = $2 AND status <> 'active' RETURNING id
"""
_DUE = """
UPDATE delivery SET due_at = now(), tries = 0, first_at = now()
WHERE instansi = $1 AND endpoint = $2 AND status = 'waiting' RETURNING event_id
"""
_REPLAY = """
UPDATE endpoint SET since = $3, missed_before = NULL, changed_at = now(), changed_by = $4, lease = NULL, leased_until = NULL,
    looked_at = NULL
WHERE instansi = $1 AND id = $2 RETURNING id
"""
_BACK = """
UPDATE place SET born = NULL, seq = 0, until = $3, epoch = 1, seen_born = NULL, seen = 0
WHERE instansi = $1 AND endpoint = $2
"""
_ROTATE = """
UPDATE endpoint SET old_secret = CASE WHEN old_secret_until > now() THEN coalesce(old_secret, secret) ELSE secret END,
    old_secret_until = $4, secret = $3, changed_at = now(), changed_by = $5
WHERE instansi = $1 AND id = $2 RETURNING id
"""
_DELIVERIES = """
SELECT event_id, type, status, outcome, tries, first_at, last_at, due_at FROM delivery
WHERE instansi = $1 AND endpoint = $2 AND ($3::text IS NULL OR status = $3)
  AND ($4::timestamptz IS NULL OR (last_at, event_id) < ($4, $5::uuid))
ORDER BY last_at DESC, event_id DESC LIMIT $6
"""
_DELIVERY_NAMES = ("event", "type", "status", "outcome", "tries", "first_at", "last_at", "due_at")

Row = Mapping[str, Any]


class TooManyEndpoints(Refusal):
    """An instansi has as many webhooks as it may."""

    code = "too-many-endpoints"
    status = 409


@dataclass(frozen=True, slots=True)
class New:
    """What an endpoint is to be; `since`: what it is told begins there."""

    url: str
    types: Sequence[str]
    since: datetime


def owner_of(caller: Caller) -> str | None:
    """The system whose endpoints the caller manages; None for hr: all of the instansi."""
    return None if Role.HR in caller.roles else caller.subject


async def listed(conn: AsyncConnection, caller: Caller, after: UUID | None, limit: int) -> list[Row]:
    """The caller's endpoints in the order of their ids."""
    sql = f"{_SHOWN} WHERE {_OWN} AND ($3::uuid IS NULL OR e.id > $3) ORDER BY e.id LIMIT $4"
    rows = await fetch(conn, sql, caller.instansi, owner_of(caller), after, limit)
    return [dict(zip(_NAMES, row, strict=True)) for row in rows]


async def one(conn: AsyncConnection, caller: Caller, id: UUID) -> Row:
    """An endpoint of the caller's. NotFound."""
    found = await find(conn, caller, id)
    if found is None:
        raise NotFound("Webhook ini tidak ada pada Anda. / You have no such webhook.", webhook=str(id))
    return found


async def find(conn: AsyncConnection, caller: Caller, id: UUID) -> Row | None:
    """An endpoint of the caller's, or None; kept for this transaction. NotFound for one of somebody else."""
    await fetch(conn, "SELECT FROM endpoint WHERE instansi = $1 AND id = $2 FOR UPDATE", caller.instansi, id)
    rows = await fetch(conn, f"{_SHOWN} WHERE e.instansi = $1 AND e.id = $2", caller.instansi, id)
    found = dict(zip(_NAMES, rows[0], strict=True)) if rows else None
    owner = owner_of(caller)
    if found is not None and owner is not None and found["system"] != owner:
        raise NotFound("Webhook ini tidak ada pada Anda. / You have no such webhook.", webhook=str(id))
    return found


async def create(conn: AsyncConnection, caller: Caller, id: UUID, new: New, secret: bytes) -> None:
    """Keep a new endpoint, one of an instansi at a time: two would each count without the other. TooManyEndpoints."""
    await fetch(conn, "SELECT pg_advisory_xact_lock(hashtextextended('feed.endpoint:' || $1, 0))", caller.instansi)
    [[there]] = await fetch(conn, "SELECT count(*) FROM endpoint WHERE instansi = $1", caller.instansi)
    if there >= _MOST:
        raise TooManyEndpoints(
            f"Paling banyak {_MOST} webhook; hapus yang tidak dipakai. / At most {_MOST} webhooks; delete unused ones."
        )
    key = caller.instansi, id
    await fetch(conn, _CREATE, *key, new.url, list(new.types), owner_of(caller), new.since, secret, caller.id)
    await fetch(conn, _NEW_PLACES, *key, list(by_stream(new.types)), new.since)


async def change(conn: AsyncConnection, caller: Caller, id: UUID, new: New, now: datetime) -> None:
    """Another address or other types; streams that are new to it begin now."""
    key, streams = (caller.instansi, id), list(by_stream(new.types))
    await fetch(conn, _CHANGE, *key, new.url, list(new.types), caller.id)
    await fetch(conn, _OLD_PLACES, *key, streams)
    await fetch(conn, _NEW_PLACES, *key, streams, now)


async def pause(conn: AsyncConnection, caller: Caller, id: UUID) -> None:
    """Send nothing until it is resumed."""
    await fetch(conn, _PAUSE, caller.instansi, id, caller.id)


async def resume(conn: AsyncConnection, caller: Caller, id: UUID) -> bool:
    """Send again, first what waits; whether it was stopped."""
    resumed = await fetch(conn, _RESUME, caller.instansi, id, caller.id)
    if resumed:
        await fetch(conn, _DUE, caller.instansi, id)
    return bool(resumed)


async def replay(conn: AsyncConnection, caller: Caller, id: UUID, since: datetime) -> None:
    """Send once more everything that was sent on the road from `since` on, under the same ids."""
    await fetch(conn, _REPLAY, caller.instansi, id, since, caller.id)
    await fetch(conn, _BACK, caller.instansi, id, since)


async def rotate(conn: AsyncConnection, caller: Caller, id: UUID, secret: bytes, until: datetime) -> None:
    """Sign with a new secret, and until then with the one before too."""
    await fetch(conn, _ROTATE, caller.instansi, id, secret, until, caller.id)


async def delete(conn: AsyncConnection, caller: Caller, id: UUID) -> None:
    """Remove it with all that waits."""
    await fetch(conn, "DELETE FROM endpoint WHERE instansi = $1 AND id = $2", caller.instansi, id)


async def sealed_secret(conn: AsyncConnection, caller: Caller, id: UUID) -> bytes:
    """The secret it signs with now, encrypted."""
    rows = await fetch(conn, "SELECT secret FROM endpoint WHERE instansi = $1 AND id = $2", caller.instansi, id)
    return bytes(rows[0][0])


async def deliveries(
    conn: AsyncConnection, caller: Caller, id: UUID, status: str | None, after: tuple[Any, ...] | None, limit: int
) -> list[Row]:
    """What was not delivered at the first try, the newest try first."""
    at, event = after or (None, None)
    rows = await fetch(conn, _DELIVERIES, caller.instansi, id, status, at, event, limit)
    return [dict(zip(_DELIVERY_NAMES, row, strict=True)) for row in rows]
