"""Closing a period: from the call on nothing new comes in; what still waits lapses; then the sum of it all is told."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.entry.commands import Command, Lapse
from services.activity.entry.slice import ENTRY
from services.activity.period.gate import Desk, read_desk, stop_everybody
from shared.calendar import Period
from shared.contracts.activity import EmployeeDigest, PeriodSealed
from shared.errors import Invalid, Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.rows import fetch
from shared.ids import fresh_id
from shared.operations.rebuild import Difference
from shared.people.queries import authorities
from shared.runtime import Job

PART = 2_000
LAPSE_AT_ONCE = 500

_BEGIN = """
INSERT INTO activity_period (instansi, period, status, called_by, called_at, verifiable_until, stale, employees, entries, lapsed)
VALUES ($1, $2, 'sealing', $3, $4, $5, false, 0, 0, 0) ON CONFLICT DO NOTHING
"""
#: Facts count in it: a period of the kind that was used before must still be closed after the change.
_USED = """
SELECT 1 FROM entry WHERE instansi = $1 AND period = $2
UNION ALL SELECT 1 FROM service_record WHERE instansi = $1 AND period = $2 LIMIT 1
"""
_WAITING = """
SELECT id, employee, day FROM entry WHERE instansi = $1 AND period = $2 AND status = 'waiting' ORDER BY id LIMIT $3
"""
_DIGESTS = """
SELECT employee, count(*), lpad(to_hex(bit_xor(
    ('x' || encode(substr(sha256(convert_to(id || ':' || version, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint)), 16, '0')
FROM entry WHERE instansi = $1 AND period = $2 AND status <> 'withdrawn' GROUP BY employee ORDER BY employee
"""
_SEALED = """
UPDATE activity_period SET status = 'sealed', sealed_at = coalesce(sealed_at, $3), stale = false, employees = $4, entries = $5,
    lapsed = (SELECT count(*) FROM entry e WHERE e.instansi = $1 AND e.period = $2 AND e.status = 'lapsed')
WHERE instansi = $1 AND period = $2
"""
_CALLED_BY = "SELECT called_by FROM activity_period WHERE instansi = $1 AND period = $2"
_TOLD = """
SELECT instansi, period, called_by FROM activity_period
WHERE status = 'sealed' AND NOT stale AND ($1::text IS NULL OR instansi = $1) ORDER BY 1, 2
"""
_CONTENTS = "SELECT source, content FROM published WHERE instansi = $1 AND source = ANY($2::uuid[])"
#: All agencies close in the same days; those who listen need connections too.
_AT_ONCE = 4
_UNDER_WAY = """
SELECT instansi, period FROM activity_period
WHERE (status = 'sealing' OR stale) AND instansi <> ALL (suspended_instansi()) ORDER BY 1, 2
"""


class PeriodNotOver(Refusal):
    """A period can be closed only after its last day."""

    code = "period-not-over"
    status = 409


async def begin(conn: AsyncConnection, context: Context, written: str) -> None:
    """Stop everybody and start closing the period; called again it changes nothing."""
    desk = await stop_everybody(conn, context.instansi, context.now)
    period = _closable(desk, written)
    if period.kind != desk.rules.policy.period_kind and not await fetch(conn, _USED, context.instansi, str(period)):
        raise _not_used(desk)
    grace = desk.rules.policy.verification_grace_working_days
    until = desk.rules.working_days_after(desk.today, grace) if grace else desk.today - timedelta(days=1)
    await conn.exec_driver_sql(_BEGIN, (context.instansi, str(period), context.actor, context.now, until))


def _closable(desk: Desk, written: str) -> Period:
    try:
        period = Period.parse(written)
    except ValueError as error:
        raise Invalid(f"Periode ditulis 2026-03 atau 2026-Q1. / {error}") from error
    if period.last_day < desk.rules.first_day:
        raise _not_used(desk)
    if desk.today <= period.last_day:
        raise PeriodNotOver(
            "Periode ini belum berakhir; tutup setelah hari terakhirnya. / "
            "This period is not over; close it after its last day.",
            last_day=period.last_day.isoformat(),
        )
    return period


def _not_used(desk: Desk) -> Invalid:
    return Invalid(
        "Instansi ini tidak memakai periode itu. / The instansi does not use this period.",
        period_kind=desk.rules.policy.period_kind,
        first_day=desk.rules.first_day.isoformat(),
    )


async def advance(db: Database, context: Context, period: str) -> None:
    """Go on as far as possible now: lapse what can no longer be verified, then seal and tell. Safe at any time."""
    own = replace(context, actor=None, role="system", origin="reaction")
    done = False
    while not done:
        while await db.run(lambda conn: _lapse_some(conn, own, period), own.instansi):
            pass
        done = await db.run(lambda conn: _seal(conn, own, period), own.instansi)


async def _lapse_some(conn: AsyncConnection, context: Context, period: str) -> int:
    desk = await read_desk(conn, context.instansi, context.now)
    if period not in desk.final:
        return 0
    waiting = await fetch(conn, _WAITING, context.instansi, period, LAPSE_AT_ONCE)
    rights = await authorities(conn, context.instansi, {(row[1], row[2]) for row in waiting}, desk.today)
    orders: list[Order[Command]] = [Order(row[0], Lapse(rights[row[1], row[2]].superior)) for row in waiting]
    await execute(conn, ENTRY, context, orders)
    return len(waiting)


async def _seal(conn: AsyncConnection, context: Context, period: str) -> bool:
    """Whether there is nothing more to do now; False when something that must lapse came up meanwhile."""
    # The first look holds nobody off: superiors may still decide for days.
    for look in (read_desk, stop_everybody):
        desk = await look(conn, context.instansi, context.now)
        if await fetch(conn, _WAITING, context.instansi, period, 1):
            return period not in desk.final
    [(called_by,)] = await fetch(conn, _CALLED_BY, context.instansi, period)
    people = await _digests(conn, context.instansi, period)
    entries = sum(digest.entries for digest in people.values())
    await conn.exec_driver_sql(_SEALED, (context.instansi, period, context.now, len(people), entries))
    await publish_state(conn, context, _parts(context.instansi, period, called_by, people))
    return True


async def _digests(conn: AsyncConnection, instansi: str, period: str) -> dict[str, EmployeeDigest]:
    rows = await fetch(conn, _DIGESTS, instansi, period)
    return {str(row[0]): EmployeeDigest(entries=row[1], digest=row[2]) for row in rows}


def _parts(
    instansi: str, period: str, called_by: UUID | None, people: Mapping[str, EmployeeDigest]
) -> list[Publication]:
    keys = sorted(people)
    parts = [keys[start : start + PART] for start in range(0, len(keys), PART)] or [[]]
    row = uuid5(NAMESPACE_URL, f"kinerja:{instansi}:{period}")
    return [
        Publication(
            instansi,
            row_source(row, f"sealed:{number}"),
            PeriodSealed(
                period=period,
                part=number,
                parts=len(parts),
                sealed_by=called_by,
                employees={key: people[key] for key in part},
            ),
        )
        for number, part in enumerate(parts, 1)
    ]


async def advance_all(db: Database) -> None:
    """Go on with every period that is being closed, and tell anew of those into which something was imported."""
    async with db.transaction() as conn:
        periods = await fetch(conn, _UNDER_WAY)
    few = asyncio.Semaphore(_AT_ONCE)

    async def one(instansi: str, period: str) -> None:
        async with few:
            await advance(db, _by_itself(instansi), period)

    # One that fails must not keep the others open.
    ends = await asyncio.gather(*(one(row[0], row[1]) for row in periods), return_exceptions=True)
    failures = [end for end in ends if isinstance(end, Exception)]
    if failures:
        raise ExceptionGroup("periods could not be sealed", failures)


def _by_itself(instansi: str) -> Context:
    now = datetime.now(UTC)
    return Context(instansi=instansi, actor=None, role="system", now=now, correlation_id=str(fresh_id()))


async def prove_seals(db: Database, instansi: str | None) -> list[Difference]:
    """Sealed periods whose entries are no longer those that were told."""
    found = []
    async with db.transaction() as conn:
        for code, period, called_by in await fetch(conn, _TOLD, instansi):
            parts = _parts(code, period, called_by, await _digests(conn, code, period))
            wanted = {part.source: part.message.model_dump(mode="json") for part in parts}
            rows = await fetch(conn, _CONTENTS, code, list(wanted))
            if {row[0]: row[1] for row in rows} != wanted:
                found.append(Difference(f"activity_period {code}/{period}", "entries differ from what was told"))
    return found


SEALING = Job("seal periods", 5, advance_all)
