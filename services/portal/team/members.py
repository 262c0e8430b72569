"""Who reports to somebody, and on which days they logged work: of the portal's own tables, so that nobody is invisible."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.calendar import Period, WorkingCalendar
from shared.eventstore.rows import fetch
from shared.people.authority import main_assignment
from shared.people.queries import Rules, placements, reports_of

_LAST = """
SELECT employee, max(day) FROM heard_entry
WHERE instansi = $1 AND employee = ANY($2::uuid[]) AND status <> 'withdrawn' GROUP BY employee
"""
_DAYS = """
SELECT DISTINCT employee, day FROM heard_entry
WHERE instansi = $1 AND employee = ANY($2::uuid[]) AND day BETWEEN $3 AND $4 AND status <> 'withdrawn'
"""
_WAITING = """
SELECT employee, count(*) FROM heard_entry
WHERE instansi = $1 AND employee = ANY($2::uuid[]) AND status = 'waiting' GROUP BY employee
"""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a team: the last day they logged work for, working days of the period that are over, and those of
    them without an entry; what of all time waits to be verified."""

    employee: UUID
    last: date | None
    working: int
    without: tuple[date, ...]
    waiting: int


async def team_of(conn: AsyncConnection, rules: Rules, superior: UUID, period: Period, today: date) -> list[Member]:
    """Everybody whose work `superior` may judge today."""
    people = await reports_of(conn, rules.instansi, superior, today)
    return await members(conn, rules, people, period, today)


async def members(
    conn: AsyncConnection, rules: Rules, people: Collection[UUID], period: Period, today: date
) -> list[Member]:
    """These people, with the days they logged; today is not over yet and counts as no day without entries."""
    asked = rules.instansi, list(people)
    last = {row[0]: row[1] for row in await fetch(conn, _LAST, *asked)}
    waiting = {row[0]: row[1] for row in await fetch(conn, _WAITING, *asked)}
    logged: defaultdict[UUID, set[date]] = defaultdict(set)
    for employee, day in await fetch(conn, _DAYS, *asked, period.first_day, period.last_day):
        logged[employee].add(day)
    placed = await placements(conn, *asked)
    over = list(_working_days(rules, period, today))
    found = []
    for employee in people:
        own = [a for a in placed if a.employee == employee]
        working = [day for day in over if main_assignment(own, employee, day)]
        without = tuple(day for day in working if day not in logged[employee])
        found.append(Member(employee, last.get(employee), len(working), without, waiting.get(employee, 0)))
    return found


def _working_days(rules: Rules, period: Period, today: date) -> Iterator[date]:
    calendar = WorkingCalendar(rules.holidays)
    day, end = max(period.first_day, rules.first_day), min(period.last_day, today - timedelta(days=1))
    while day <= end:
        if calendar.is_working_day(day):
            yield day
        day += timedelta(days=1)
