"""Competency gaps: a level below the position's standard, or work that shows it (PermenPANRB 38/2017, PerLAN 10/2018)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.competency.view import GapRow
from services.appraisal.locks import hold
from services.appraisal.rules.achievement import two_decimals
from shared.contracts.appraisal import GapCause, GapClosed, GapFound
from shared.eventstore.decider import Context
from shared.eventstore.outbox import Publication, publish_state
from shared.eventstore.rows import fetch, upsert
from shared.people.queries import Rules

POSTS = """
SELECT DISTINCT ON (a.employee) a.employee, a.position, coalesce(p.requires, '{}')
FROM heard_assignment a
JOIN heard_employee e ON e.instansi = a.instansi AND e.id = a.employee AND e.active AND e.kind <> 'NON_ASN'
LEFT JOIN heard_position p ON p.instansi = a.instansi AND p.id = a.position
WHERE a.instansi = $1 AND a.employee = ANY($2::uuid[]) AND NOT a.void AND a.kind = 'definitif'
  AND a.valid_from <= $3 AND (a.valid_to IS NULL OR a.valid_to >= $3)
ORDER BY a.employee, a.valid_from DESC, a.id DESC
"""
LEVELS = """
SELECT DISTINCT ON (employee, competency) employee, competency, level, origin, effective, source,
       max(effective) FILTER (WHERE origin = 'confirmed') OVER (PARTITION BY employee, competency)
FROM competency_level WHERE instansi = $1 AND employee = ANY($2::uuid[])
ORDER BY employee, competency, effective DESC, recorded_at DESC, id DESC
"""
# The id of a review begins with the first day of its period, so ids sort by time.
_LATEST = """
SELECT DISTINCT ON (r.employee) r.employee, r.period, r.indicators, c.closed_on
FROM review r JOIN review_record c ON c.instansi = r.instansi AND c.id = r.id
WHERE r.instansi = $1 AND r.employee = ANY($2::uuid[]) AND r.state = 'closed' AND r.expected
ORDER BY r.employee, r.id DESC
"""
_GAPS = """
SELECT id, employee, competency, open, opened, required, level, causes, since
FROM gap WHERE instansi = $1 AND employee = ANY($2::uuid[])
"""
_SEEN = """
UPDATE person p SET position = n.position FROM unnest($2::uuid[], $3::uuid[]) AS n(employee, position)
WHERE p.instansi = $1 AND p.employee = n.employee AND p.position IS DISTINCT FROM n.position
"""


def gap_id(instansi: str, employee: UUID, competency: str) -> UUID:
    """The one id of this gap, however often it opens."""
    return uuid5(employee, f"gap {instansi} {competency}")


@dataclass(slots=True)
class _Person:
    """What gaps of one person are judged by: post of today, newest levels (with the last confirmation), last closed review."""

    position: UUID | None = None
    requires: Mapping[str, int] = field(default_factory=dict)
    levels: dict[str, tuple[int, date | None]] = field(default_factory=dict)
    latest: tuple[str, list[dict[str, Any]], date] | None = None


async def recompute_gaps(conn: AsyncConnection, context: Context, rules: Rules, employees: Collection[UUID]) -> None:
    """Judge these people's gaps by all that is known now; tell those that opened, changed or closed."""
    if not employees:
        return
    people = {employee: _Person() for employee in sorted(set(employees))}
    await hold(conn, context.instansi, people)
    today = rules.local_date(context.now)
    await _read(conn, context.instansi, people, today)
    stored = {row[0]: row for row in await fetch(conn, _GAPS, context.instansi, list(people))}
    rows = []
    for employee, person in people.items():
        causes = _causes(person, rules.policy.gap_threshold_percent) if person.position else {}
        known = {row[2] for row in stored.values() if row[1] == employee}
        for competency in sorted(causes.keys() | known):
            id_ = gap_id(context.instansi, employee, competency)
            row = _row(person, competency, causes.get(competency, []), stored.get(id_), today)
            if row is not None:
                key = {"instansi": context.instansi, "id": id_, "employee": employee, "competency": competency}
                rows.append(key | row)
    await upsert(conn, GapRow, rows)
    await publish_state(conn, context, [_publication(row) for row in rows])
    positions = [person.position for person in people.values()]
    await conn.exec_driver_sql(_SEEN, (context.instansi, list(people), positions))


async def _read(conn: AsyncConnection, instansi: str, people: Mapping[UUID, _Person], today: date) -> None:
    ids = list(people)
    for employee, position, requires in await fetch(conn, POSTS, instansi, ids, today):
        people[employee].position, people[employee].requires = position, requires
    for employee, competency, level, _, _, _, confirmed_on in await fetch(conn, LEVELS, instansi, ids):
        people[employee].levels[competency] = level, confirmed_on
    for employee, *latest in await fetch(conn, _LATEST, instansi, ids):
        people[employee].latest = latest[0], latest[1], latest[2]


def _causes(person: _Person, threshold: Decimal) -> dict[str, list[GapCause]]:
    """Why gaps of one person are open, by competency. A level nobody measured opens none."""
    found: dict[str, list[GapCause]] = defaultdict(list)
    for competency, required in sorted(person.requires.items()):
        if competency in person.levels and person.levels[competency][0] < required:
            found[competency].append(GapCause(kind="below_standard"))
    period, indicators, closed_on = person.latest or ("", [], date.min)
    for measured in indicators:
        indicator, rounded = measured["indicator"], measured["rounded"]
        competency = indicator["competency"]
        if competency is None or rounded is None or rounded >= threshold:
            continue
        _, confirmed_on = person.levels.get(competency, (0, None))
        if confirmed_on is None or confirmed_on < closed_on:
            percent = two_decimals(Decimal(measured["percent"]))
            found[competency].append(
                GapCause(kind="below_threshold", indicator=indicator["id"], period=period, percent=percent)
            )
    return found


def _row(
    person: _Person, competency: str, causes: Sequence[GapCause], stored: Any | None, today: date
) -> dict[str, Any] | None:
    """The gap as it is now without its key; None when that is how it is stored."""
    _, _, _, was_open, opened, *before, since = stored or (None, None, None, False, 0, None, None, [], today)
    level, _ = person.levels.get(competency, (None, None))
    now = [person.requires.get(competency), level, [cause.model_dump(mode="json") for cause in causes]]
    if (was_open, before) == (bool(causes), now):
        return None
    opens = bool(causes) and not was_open
    return {
        "open": bool(causes),
        "opened": opened + int(opens),
        "required": now[0],
        "level": now[1],
        "causes": now[2],
        "since": today if opens else since,
    }


def _publication(row: Mapping[str, Any]) -> Publication:
    names = ("employee", "competency", "opened", "required", "level", "causes", "since")
    message = (GapFound if row["open"] else GapClosed)(gap=row["id"], **{name: row[name] for name in names})
    return Publication(row["instansi"], row["id"], message)
