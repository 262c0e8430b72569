"""Questions about people, asked of the service's own copy of the directory; whole batches in a few statements."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.calendar import Period, PeriodKind, WorkingCalendar, zone_of
from shared.contracts.directory import Policy
from shared.eventstore.rows import fetch
from shared.people.authority import Assignment, Authority, authority, main_assignment, seat_of_superior
from shared.people.refusals import unknown_instansi

_COLUMNS = "a.id, a.employee, a.unit, a.position, a.superior, a.kind, a.valid_from, a.valid_to"
_OF_EMPLOYEES = (
    f"SELECT {_COLUMNS} FROM heard_assignment a WHERE a.instansi = $1 AND a.employee = ANY($2::uuid[]) AND NOT a.void"
)
_IN_SEATS = f"""
SELECT {_COLUMNS} FROM heard_assignment a JOIN unnest($2::uuid[], $3::uuid[]) AS s(unit, position) USING (unit, position)
WHERE a.instansi = $1 AND NOT a.void
"""
_GONE = "SELECT id FROM heard_employee WHERE instansi = $1 AND id = ANY($2::uuid[]) AND NOT active"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an instansi chose: its zone, calendar and policy."""

    instansi: str
    zone: str
    first_day: date
    holidays: frozenset[date]
    policy: Policy

    def local_date(self, at: datetime) -> date:
        """The day it was in the zone of the instansi."""
        return at.astimezone(zone_of(self.zone)).date()

    def period_of(self, day: date) -> Period:
        """The review period that `day` belongs to."""
        return Period.of(day, PeriodKind(self.policy.period_kind))

    def working_days_after(self, day: date, n: int) -> date:
        """The n-th working day after `day` in the calendar of the instansi."""
        return WorkingCalendar(self.holidays).after(day, n)

    def punctual_until(self, day: date) -> date:
        """The last day on which an entry for `day` does not yet come later than the instansi's rule allows."""
        return self.working_days_after(day, self.policy.late_after_working_days)


async def rules_of(conn: AsyncConnection, instansi: Collection[str]) -> dict[str, Rules]:
    """The rules of these instansi; those of which the directory has not told are missing."""
    sql = "SELECT instansi, zone, first_day, holidays, policy FROM heard_instansi WHERE instansi = ANY($1::text[])"
    return {
        code: Rules(code, zone, first_day, frozenset(holidays), Policy.model_validate(policy))
        for code, zone, first_day, holidays, policy in await fetch(conn, sql, list(instansi))
    }


async def instansi_rules(conn: AsyncConnection, instansi: str) -> Rules | None:
    """The rules of an instansi; None while the directory has not told of it."""
    return (await rules_of(conn, [instansi])).get(instansi)


async def known_rules(conn: AsyncConnection, instansi: str) -> Rules:
    """The rules of an instansi; UnknownInstansi while the directory has not told of it."""
    rules = await instansi_rules(conn, instansi)
    if rules is None:
        raise unknown_instansi(instansi)
    return rules


async def known_employees(conn: AsyncConnection, instansi: str, ids: Collection[UUID]) -> set[UUID]:
    """Those of `ids` who are active people of the instansi."""
    sql = "SELECT id FROM heard_employee WHERE instansi = $1 AND id = ANY($2::uuid[]) AND active"
    return {row[0] for row in await fetch(conn, sql, instansi, list(ids))}


async def placements(conn: AsyncConnection, instansi: str, employees: Collection[UUID]) -> list[Assignment]:
    """Every placement these people ever had."""
    return [_assignment(row) for row in await fetch(conn, _OF_EMPLOYEES, instansi, list(employees))]


async def authorities(
    conn: AsyncConnection, instansi: str, pairs: Collection[tuple[UUID, date]], today: date
) -> dict[tuple[UUID, date], Authority]:
    """For each (employee, day): who may judge the work of that day. Four statements, however many pairs."""
    own = await placements(conn, instansi, {employee for employee, _ in pairs})
    superiors = {a.superior for a in own if a.superior is not None}
    theirs = await placements(conn, instansi, superiors)
    seats = sorted({a.seat for a in theirs})
    rows = await fetch(conn, _IN_SEATS, instansi, [seat[0] for seat in seats], [seat[1] for seat in seats])
    everyone = {a.id: a for a in [*own, *theirs, *(_assignment(row) for row in rows)]}
    judges = superiors | {a.employee for a in everyone.values()}
    gone = {row[0] for row in await fetch(conn, _GONE, instansi, list(judges))}
    by_employee, by_seat = defaultdict(list), defaultdict(list)
    for a in everyone.values():
        by_employee[a.employee].append(a)
        by_seat[a.seat].append(a)
    answers = {}
    for employee, day in set(pairs):
        near = list(by_employee[employee])
        for of in (day, today) if today != day else (day,):
            placed = main_assignment(by_employee[employee], employee, of)
            if placed and placed.superior:
                near += by_employee[placed.superior]
                then = seat_of_superior(near, placed.superior, of, today)
                near += by_seat[then.seat] if then else []
        answers[employee, day] = authority(near, employee, day, today, gone)
    return answers


async def superior_of(
    conn: AsyncConnection, instansi: str, employees: Collection[UUID], day: date
) -> dict[UUID, UUID | None]:
    """The superior of each person on `day`; None where there is none."""
    own = defaultdict(list)
    for placement in await placements(conn, instansi, employees):
        own[placement.employee].append(placement)
    found = {}
    for employee in employees:
        placed = main_assignment(own[employee], employee, day)
        found[employee] = placed.superior if placed else None
    return found


async def reports_of(conn: AsyncConnection, instansi: str, superior: UUID, day: date) -> list[UUID]:
    """The people whose work `superior` may judge today: their own reports and those of seats they hold or act in."""
    sql = f"""
        WITH seats AS (
            SELECT unit, position FROM heard_assignment
            WHERE instansi = $1 AND employee = $2 AND NOT void AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)
        ), sitters AS (
            SELECT $2::uuid AS employee
            UNION SELECT h.employee FROM heard_assignment h JOIN seats USING (unit, position) WHERE h.instansi = $1 AND NOT h.void
        )
        SELECT DISTINCT ON (a.employee) {_COLUMNS}
        FROM heard_assignment a JOIN sitters s ON a.superior = s.employee
        WHERE a.instansi = $1 AND NOT a.void AND a.valid_from <= $3 AND (a.valid_to IS NULL OR a.valid_to >= $3) AND a.employee <> $2
        ORDER BY a.employee
    """
    candidates = [_assignment(row).employee for row in await fetch(conn, sql, instansi, superior, day)]
    may = await authorities(conn, instansi, [(employee, day) for employee in candidates], day)
    return [employee for employee in candidates if superior in may[employee, day].verifiers]


async def assigned(conn: AsyncConnection, instansi: str, first: date, last: date) -> list[UUID]:
    """Everybody of the civil service with a definitive placement on any day from `first` to `last`."""
    sql = """
        SELECT DISTINCT a.employee FROM heard_assignment a
        JOIN heard_employee e ON e.instansi = a.instansi AND e.id = a.employee AND e.active AND e.kind <> 'NON_ASN'
        WHERE a.instansi = $1 AND NOT a.void AND a.kind = 'definitif' AND a.valid_from <= $3
          AND (a.valid_to IS NULL OR a.valid_to >= $2)
        ORDER BY 1
    """
    return [row[0] for row in await fetch(conn, sql, instansi, first, last)]


async def units_below(conn: AsyncConnection, instansi: str, units: Collection[UUID]) -> list[UUID]:
    """These units and every unit under them."""
    sql = """
        WITH RECURSIVE below AS (
            SELECT id FROM heard_unit WHERE instansi = $1 AND id = ANY($2::uuid[])
            UNION SELECT u.id FROM heard_unit u JOIN below b ON u.parent = b.id WHERE u.instansi = $1
        ) SELECT id FROM below
    """
    return [row[0] for row in await fetch(conn, sql, instansi, list(units))]


async def people_in(conn: AsyncConnection, instansi: str, units: Collection[UUID], day: date) -> set[UUID]:
    """Who is placed in one of these units on `day`, definitively or acting."""
    sql = """
        SELECT employee FROM heard_assignment WHERE instansi = $1 AND unit = ANY($2::uuid[]) AND NOT void
          AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)
    """
    return {row[0] for row in await fetch(conn, sql, instansi, list(units), day)}


async def led_units(conn: AsyncConnection, instansi: str, employee: UUID, day: date) -> list[UUID]:
    """The units `employee` heads on `day`, definitively or acting."""
    sql = """
        SELECT u.id FROM heard_unit u JOIN heard_assignment a ON a.instansi = u.instansi AND a.unit = u.id
        WHERE u.instansi = $1 AND a.employee = $2 AND a.position = u.head_position AND NOT a.void
          AND a.valid_from <= $3 AND (a.valid_to IS NULL OR a.valid_to >= $3)
    """
    return [row[0] for row in await fetch(conn, sql, instansi, employee, day)]


def _assignment(row: tuple[UUID, UUID, UUID, UUID, UUID | None, str, date, date | None]) -> Assignment:
    return Assignment(
        id=row[0],
        employee=row[1],
        unit=row[2],
        position=row[3],
        superior=row[4],
        kind=row[5],
        valid_from=row[6],
        valid_to=row[7],
    )
