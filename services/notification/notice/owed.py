"""Notices owed: kept at once, turned into notices as soon as the directory has told who is meant."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.notice.rules import Owed
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch, to_json
from shared.messaging.delivery import HORIZON
from shared.people.authority import main_assignment
from shared.people.queries import Rules, authorities, instansi_rules, placements

_AT_ONCE = 500

# A stale or imported fact does not keep a fresh one with the same identity from being told, in whatever order they come.
_KEEP = """
INSERT INTO owed AS o (instansi, event_id, recipient, employee, at, template, params, mail, outcome, traceparent)
SELECT $1, n.* FROM jsonb_to_recordset($2::jsonb) AS n(event_id uuid, recipient text, employee uuid, at timestamptz,
    template text, params jsonb, mail boolean, outcome text, traceparent text)
ORDER BY n.event_id, n.recipient
ON CONFLICT (instansi, event_id, recipient) DO UPDATE
SET outcome = 'open', template = excluded.template, params = excluded.params, mail = excluded.mail, at = excluded.at,
    traceparent = excluded.traceparent
WHERE o.outcome IN ('stale', 'import') AND excluded.outcome = 'open'
RETURNING event_id, outcome
"""
_OPEN = """
SELECT event_id, recipient, employee, at, template, params, mail, traceparent FROM owed
WHERE instansi = $1 AND outcome = 'open' AND ($2::uuid[] IS NULL OR event_id = ANY($2))
  AND (event_id, recipient) > ($3, $4)
ORDER BY event_id, recipient LIMIT $5 FOR UPDATE
"""
_NOTICES = """
INSERT INTO notice (instansi, event_id, person, channel, id, template, params, traceparent, status, due_at)
SELECT $1, n.event_id, n.person, n.channel, n.id, n.template, n.params, n.traceparent,
       CASE n.channel WHEN 'mail' THEN 'waiting' ELSE 'shown' END, CASE n.channel WHEN 'mail' THEN now() END
FROM jsonb_to_recordset($2::jsonb)
    AS n(event_id uuid, person uuid, channel text, id uuid, template text, params jsonb, traceparent text)
ORDER BY n.event_id, n.person, n.channel
ON CONFLICT (instansi, event_id, person, channel) DO NOTHING RETURNING id
"""
_SETTLE = """
UPDATE owed o SET outcome = s.outcome, settled_at = now()
FROM jsonb_to_recordset($2::jsonb) AS s(event_id uuid, recipient text, outcome text)
WHERE o.instansi = $1 AND o.event_id = s.event_id AND o.recipient = s.recipient RETURNING o.event_id
"""
_EXPIRE = """
UPDATE owed SET outcome = 'expired', settled_at = now() WHERE outcome = 'open' AND created_at < now() - $1::interval
RETURNING event_id
"""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A notice owed since `at`; `outcome` is open, or why nobody is to be told: stale or import."""

    owed: Owed
    at: datetime
    outcome: str = "open"
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """A row of `owed` that nobody was told of yet."""

    event: UUID
    recipient: str
    employee: UUID | None
    at: datetime
    template: str
    params: dict[str, Any]
    mail: bool
    traceparent: str | None


async def announce(conn: AsyncConnection, instansi: str, announcements: Sequence[Announcement]) -> None:
    """Keep what is owed and tell it where the recipients are known. Announcing again changes nothing."""
    rows: dict[tuple[UUID, str], dict[str, Any]] = {}
    # Of several facts in one batch with the same identity an open one wins, and of those the first.
    for a in sorted(announcements, key=lambda a: a.outcome != "open"):
        row = {
            "event_id": a.owed.event,
            "recipient": str(a.owed.to),
            "employee": a.owed.employee,
            "at": a.at,
            "template": a.owed.template,
            "params": dict(a.owed.params),
            "mail": a.owed.mail,
            "outcome": a.outcome,
            "traceparent": a.traceparent,
        }
        rows.setdefault((a.owed.event, str(a.owed.to)), row)
    if not rows:
        return
    kept = await fetch(conn, _KEEP, instansi, to_json(list(rows.values())))
    fresh = sorted({event for event, outcome in kept if outcome == "open"})
    if fresh:
        await settle(conn, instansi, fresh)


async def settle(conn: AsyncConnection, instansi: str, events: Collection[UUID] | None = None) -> None:
    """Tell what is owed (of `events`, or everything open) where the directory copy knows who is meant by now."""
    rules = await instansi_rules(conn, instansi)
    if rules is None:
        return
    now: datetime = (await fetch(conn, "SELECT now()"))[0][0]
    after = UUID(int=0), ""
    while True:
        found = await fetch(conn, _OPEN, instansi, None if events is None else list(events), *after, _AT_ONCE)
        todo = [_Open(*row) for row in found]
        if not todo:
            return
        await _tell(conn, rules, todo, now)
        after = todo[-1].event, todo[-1].recipient


async def _tell(conn: AsyncConnection, rules: Rules, todo: Sequence[_Open], now: datetime) -> None:
    notices: list[dict[str, Any]] = []
    settled = []
    for row, people in zip(todo, await _recipients(conn, rules, todo, now), strict=True):
        if people is None:
            continue
        outcome = "told" if people else "nobody"
        settled.append({"event_id": row.event, "recipient": row.recipient, "outcome": outcome})
        notices += [
            {
                "event_id": row.event,
                "person": person,
                "channel": channel,
                "id": notice_id(row.event, person, channel),
                "template": row.template,
                "params": row.params,
                "traceparent": row.traceparent,
            }
            for person in people
            for channel in (("inbox", "mail") if row.mail else ("inbox",))
        ]
    await fetch(conn, _NOTICES, rules.instansi, to_json(notices))
    await fetch(conn, _SETTLE, rules.instansi, to_json(settled))


def notice_id(event: UUID, person: UUID, channel: str) -> UUID:
    """The id of the one notice of this event, person and channel."""
    return uuid5(event, f"{person}:{channel}")


async def _recipients(
    conn: AsyncConnection, rules: Rules, todo: Sequence[_Open], now: datetime
) -> list[frozenset[UUID] | None]:
    """For each row the people to tell; None while the directory has not told who that is."""
    instansi = rules.instansi
    pairs = {(r.employee, rules.local_date(r.at)) for r in todo if r.recipient == "superior" and r.employee}
    may = await authorities(conn, instansi, pairs, rules.local_date(now))
    hr = frozenset(row[0] for row in await fetch(conn, "SELECT employee FROM hr_contact WHERE instansi = $1", instansi))
    named = {UUID(r.recipient) for r in todo if r.recipient not in ("superior", "hr")}
    superiors = {a.superior for a in may.values() if a.superior}
    wanted = named | {e for e, _ in pairs} | superiors
    sql = "SELECT id FROM heard_employee WHERE instansi = $1 AND id = ANY($2::uuid[])"
    known = {row[0] for row in await fetch(conn, sql, instansi, sorted(wanted))}
    own = await placements(conn, instansi, {employee for employee, _ in pairs})

    def of(row: _Open) -> frozenset[UUID] | None:
        if row.recipient == "hr":
            return hr
        if row.recipient != "superior":
            person = UUID(row.recipient)
            return frozenset({person}) if person in known else None
        assert row.employee is not None
        day = rules.local_date(row.at)
        authority, placed = may[row.employee, day], main_assignment(own, row.employee, day)
        # Each statement sees what was committed by then: where they differ, the directory is speaking right now.
        if placed is None or placed.superior != authority.superior:
            return None
        if not {row.employee, authority.superior} - {None} <= known:
            return None
        return authority.verifiers or hr

    return [of(row) for row in todo]


async def settle_everywhere(db: Database) -> None:
    """The job beside the directory's messages: try again whatever is open, and give up what is older than the horizon."""
    async with db.transaction() as conn:
        await fetch(conn, _EXPIRE, HORIZON)
        waiting = [row[0] for row in await fetch(conn, "SELECT DISTINCT instansi FROM owed WHERE outcome = 'open'")]
    for instansi in waiting:
        await db.run(partial(settle, instansi=instansi))
