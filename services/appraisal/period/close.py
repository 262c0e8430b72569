"""Closing a period: a barrier first (do we hold every fact activity sealed?), then every review, then the counts.

Each step is a transaction of its own and may be repeated, so that a kill anywhere only delays the rest.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.locks import hold
from services.appraisal.period.view import period_id
from services.appraisal.reaction import own_motion
from services.appraisal.review.decider import Close, Command
from services.appraisal.review.events import ReviewClosed
from services.appraisal.review.measure import policy_of
from services.appraisal.review.opening import open_everybody
from services.appraisal.review.recompute import Cause, recompute
from services.appraisal.review.slice import REVIEW
from services.appraisal.review.view import MEASURED
from services.appraisal.rules.predicate import Rating
from shared.calendar import Period
from shared.contracts.appraisal import PeriodClosed
from shared.errors import Invalid, Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.rows import fetch
from shared.observability.metrics import PERIODS_WAITING
from shared.people.queries import known_rules

log = structlog.get_logger(__name__)

AT_ONCE = 200
_PARTS = """
SELECT parts = (SELECT count(*) FROM heard_seal s WHERE s.instansi = $1 AND s.period = $2 AND s.part <= first.parts)
FROM heard_seal first WHERE instansi = $1 AND period = $2 AND part = 1
"""
# The digest as activity computes it: XOR over the first 8 bytes of sha256('<entry>:<version>').
_DIFFER = """
WITH told AS (
    SELECT e.key::uuid AS employee, (e.value ->> 'entries')::int AS entries, e.value ->> 'digest' AS digest
    FROM heard_seal s, jsonb_each(s.employees) e WHERE s.instansi = $1 AND s.period = $2
      AND s.part <= (SELECT parts FROM heard_seal WHERE instansi = $1 AND period = $2 AND part = 1)
), ours AS (
    SELECT employee, count(*) AS entries, lpad(to_hex(bit_xor(('x' || encode(
        substr(sha256(convert_to(entry || ':' || version, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint)), 16, '0') AS digest
    FROM heard_entry WHERE instansi = $1 AND period = $2 AND status <> 'withdrawn' GROUP BY employee
)
SELECT count(*) FROM told FULL JOIN ours USING (employee)
WHERE (told.entries, told.digest) IS DISTINCT FROM (ours.entries, ours.digest)
"""
_REQUEST = """
INSERT INTO period (instansi, id, period, status, requested_by, requested_at, correlation_id)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""
_ASKED = "SELECT correlation_id FROM period WHERE instansi = $1 AND id = $2 AND correlation_id IS NOT NULL"
_GO_ON = "UPDATE period SET status = 'closing' WHERE instansi = $1 AND id = $2 AND status = 'waiting'"
_ALARM = """
UPDATE period SET alarmed_at = now() WHERE instansi = $1 AND id = $2
  AND (alarmed_at IS NULL OR alarmed_at < now() - interval '1 minute') RETURNING id
"""
_UNDER_WAY = """
SELECT instansi, period, status FROM period p WHERE instansi <> ALL (suspended_instansi()) AND (status <> 'closed' OR EXISTS (
    SELECT FROM review r WHERE r.instansi = p.instansi AND r.period = p.period AND r.state = 'open' AND r.expected))
ORDER BY 1, 2
"""
_OPEN = """
SELECT employee FROM review WHERE instansi = $1 AND period = $2 AND state = 'open' AND expected ORDER BY employee LIMIT $3
"""
_ROWS = """
SELECT id, employee, indicators, plan_revision, percent, recommendation, measured, not_measured, rule, rule_version
FROM review WHERE instansi = $1 AND period = $2 AND employee = ANY($3::uuid[]) AND state = 'open' AND expected ORDER BY id
"""
_COUNTS = """
SELECT count(*), count(c.predicate), count(*) - count(c.predicate), count(*) FILTER (WHERE r.percent IS NULL)
FROM review r LEFT JOIN review_record c ON c.instansi = r.instansi AND c.id = r.id
WHERE r.instansi = $1 AND r.period = $2 AND r.expected
"""
_CLOSED = """
UPDATE period SET status = 'closed', closed_at = coalesce(closed_at, $3), expected = $4, rated = $5, not_rated = $6,
    not_measured = $7
WHERE instansi = $1 AND id = $2 RETURNING closed_at
"""


class PeriodNotOver(Refusal):
    """A period can be closed only after its last day."""

    code = "period-not-over"
    status = 409


class PeriodNotSealed(Refusal):
    """Activity still takes facts for the period, or its seal has not been heard yet."""

    code = "period-not-sealed"
    status = 409


@dataclass(frozen=True, slots=True)
class Barrier:
    """Whether activity sealed the period, and of how many employees our facts are not those it sealed."""

    sealed: bool
    differing: int

    @property
    def passed(self) -> bool:
        """Whether reviews may be closed."""
        return self.sealed and self.differing == 0


async def barrier(conn: AsyncConnection, instansi: str, period: Period) -> Barrier:
    """Compare what activity sealed with the facts that are here."""
    parts = await fetch(conn, _PARTS, instansi, str(period))
    if not parts or not parts[0][0]:
        return Barrier(False, 0)
    [[differing]] = await fetch(conn, _DIFFER, instansi, str(period))
    return Barrier(True, differing)


async def request(conn: AsyncConnection, context: Context, period: Period) -> Barrier:
    """Ask for the closing of a period; refused before activity sealed it. Asking again changes nothing."""
    rules = await known_rules(conn, context.instansi)
    found = await barrier(conn, context.instansi, period)
    # One that activity sealed is of the kind that was used then.
    if period.kind != rules.policy.period_kind and not found.sealed:
        raise Invalid(
            "Instansi ini tidak memakai periode itu. / The instansi does not use this period.",
            period_kind=rules.policy.period_kind,
        )
    if rules.local_date(context.now) <= period.last_day:
        raise PeriodNotOver(
            "Periode ini belum berakhir. / This period is not over.", last_day=period.last_day.isoformat()
        )
    if not found.sealed:
        raise PeriodNotSealed(
            "Kunci dahulu periode ini di layanan aktivitas, lalu ulangi. / "
            "Seal the period in the activity service first, then ask again.",
            period=str(period),
        )
    status = "closing" if found.passed else "waiting"
    id_, now, correlation = period_id(context.instansi, period), context.now, context.correlation_id
    values = (context.instansi, id_, str(period), status, context.actor, now, correlation)
    await conn.exec_driver_sql(_REQUEST, values)
    return found


async def close_periods(db: Database) -> None:
    """Job: bring every closing that was asked for to its end, and close reviews that came to a closed period later."""
    async with db.transaction() as conn:
        under_way = [tuple(row) for row in await fetch(conn, _UNDER_WAY)]
    PERIODS_WAITING.set(sum(status == "waiting" for _, _, status in under_way))
    for instansi, written, status in under_way:
        period = Period.parse(written)
        if status == "waiting" and not await db.run(lambda conn, i=instansi, p=period: _go_on(conn, i, p)):  # type: ignore[misc]
            continue
        await close(db, instansi, period)


async def _go_on(conn: AsyncConnection, instansi: str, period: Period) -> bool:
    found = await barrier(conn, instansi, period)
    if found.passed:
        await conn.exec_driver_sql(_GO_ON, (instansi, period_id(instansi, period)))
    elif await fetch(conn, _ALARM, instansi, period_id(instansi, period)):
        log.error("period.facts_missing", instansi=instansi, period=str(period), employees=found.differing)
    return found.passed


async def close(db: Database, instansi: str, period: Period) -> None:
    """Open what nobody opened, close every review in batches, then count."""
    for step in (_open_some, _close_some):
        while await db.run(lambda conn, step=step: step(conn, instansi, period)):  # type: ignore[misc]
            pass
    await db.run(lambda conn: _count(conn, instansi, period))


async def _as_asked(conn: AsyncConnection, instansi: str, period: Period) -> Context:
    """This service itself, with the correlation of the request to close."""
    own = await own_motion(conn, instansi, "close")
    rows = await fetch(conn, _ASKED, instansi, period_id(instansi, period))
    return replace(own, correlation_id=rows[0][0]) if rows else own


async def _open_some(conn: AsyncConnection, instansi: str, period: Period) -> int:
    return await open_everybody(conn, await _as_asked(conn, instansi, period), period)


async def _close_some(conn: AsyncConnection, instansi: str, period: Period) -> int:
    people = [row[0] for row in await fetch(conn, _OPEN, instansi, str(period), AT_ONCE)]
    if not people:
        return 0
    await hold(conn, instansi, people)
    context = await _as_asked(conn, instansi, period)
    rules = await known_rules(conn, instansi)
    today, policy = rules.local_date(context.now), policy_of(rules.policy)
    orders: list[Order[Command]] = [
        Order(row[0], Close(frozen=_frozen(row, str(period), closed_on=today, policy=policy)))
        for row in await fetch(conn, _ROWS, instansi, str(period), people)
    ]
    for outcome in await execute(conn, REVIEW, context, orders):
        outcome.accepted()
    await recompute(conn, context, {(employee, str(period)): Cause("closed") for employee in people})
    return len(people)


def _frozen(row: Any, period: str, **more: Any) -> ReviewClosed:
    _, employee, indicators, revision, percent, recommendation, measured, not_measured, rule, version = row
    return ReviewClosed(
        employee=employee,
        period=period,
        indicators=MEASURED.validate_python(indicators),
        plan_revision=revision,
        percent=percent,
        recommendation=Rating(recommendation) if recommendation else None,
        measured=measured,
        not_measured=not_measured,
        rule=rule,
        rule_version=version,
        **more,
    )


async def _count(conn: AsyncConnection, instansi: str, period: Period) -> None:
    id_: UUID = period_id(instansi, period)
    await fetch(conn, "SELECT id FROM period WHERE instansi = $1 AND id = $2 FOR UPDATE", instansi, id_)
    if await fetch(conn, _OPEN, instansi, str(period), 1):
        return
    context = await _as_asked(conn, instansi, period)
    [counts] = await fetch(conn, _COUNTS, instansi, str(period))
    [[closed_at]] = await fetch(conn, _CLOSED, instansi, id_, context.now, *counts)
    names = ("expected", "rated", "not_rated", "not_measured")
    message = PeriodClosed(period=str(period), closed_at=closed_at, **dict(zip(names, counts, strict=True)))
    await publish_state(conn, context, [Publication(instansi, row_source(id_, "closed"), message)])
