"""Who may see and judge whom: from dated reporting lines; a token only says who asks."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Forbidden, NotFound
from shared.eventstore.rows import fetch
from shared.people.queries import Rules, authorities, instansi_rules, led_units, placements, reports_of, units_below
from shared.web.auth import Caller, Role, employee_of

_SEE_ALL = frozenset({Role.HR, Role.AUDITOR, Role.SYSTEM})
_PLACED = """
SELECT DISTINCT employee FROM heard_assignment
WHERE instansi = $1 AND unit = ANY($2::uuid[]) AND kind = 'definitif' AND NOT void
  AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)
"""


class UnknownInstansi(NotFound):
    """The directory has not told of this instansi yet."""

    code = "unknown-instansi"


async def known_rules(conn: AsyncConnection, instansi: str) -> Rules:
    """The rules of the instansi; UnknownInstansi until the directory has told of it."""
    rules = await instansi_rules(conn, instansi)
    if rules is None:
        raise UnknownInstansi(
            "Instansi ini belum dikenal; coba lagi setelah direktori mengumumkannya. / "
            "This instansi is not known yet; try again once the directory has announced it.",
            instansi=instansi,
        )
    return rules


async def is_superior(
    conn: AsyncConnection, instansi: str, who: UUID, employee: UUID, days: Collection[date], today: date
) -> bool:
    """Whether `who` may judge the work `employee` did on any of `days`, asked today."""
    rights = await authorities(conn, instansi, [(employee, day) for day in days], today)
    return any(who in right.verifiers for right in rights.values())


async def has_no_superior(
    conn: AsyncConnection, instansi: str, employee: UUID, days: Collection[date], today: date
) -> bool:
    """Whether nobody is left who may judge the work of `days`, so that hr may, with a reason."""
    rights = await authorities(conn, instansi, [(employee, day) for day in days], today)
    return all(right.hr_may for right in rights.values())


async def check_readable(conn: AsyncConnection, caller: Caller, employee: UUID, now: datetime, *days: date) -> None:
    """Refuse with Forbidden who may not see this person: not themself, hr, auditor, superior (today or of `days`) or head."""
    if caller.employee == employee or caller.roles & _SEE_ALL:
        return
    me = employee_of(caller)
    today = (await known_rules(conn, caller.instansi)).local_date(now)
    if await is_superior(conn, caller.instansi, me, employee, {today, *days}, today):
        return
    if Role.LEADER in caller.roles:
        units = await _led(conn, caller.instansi, me, today)
        if any(a.unit in units and a.holds(today) for a in await placements(conn, caller.instansi, [employee])):
            return
    raise Forbidden("Anda tidak berhak atas data pegawai ini. / You have no right to the data of this employee.")


async def readable_people(conn: AsyncConnection, caller: Caller, unit: UUID | None, now: datetime) -> list[UUID] | None:
    """Whom a list may show, narrowed to `unit` and the units below it; None is everybody of the instansi."""
    today = (await known_rules(conn, caller.instansi)).local_date(now)
    people: set[UUID] | None = None
    if not caller.roles & _SEE_ALL:
        me = employee_of(caller)
        people = {me, *await reports_of(conn, caller.instansi, me, today)}
        if Role.LEADER in caller.roles:
            people |= await _placed(conn, caller.instansi, await _led(conn, caller.instansi, me, today), today)
    if unit is not None:
        there = await _placed(conn, caller.instansi, await units_below(conn, caller.instansi, [unit]), today)
        people = there if people is None else people & there
    return None if people is None else sorted(people)


async def _led(conn: AsyncConnection, instansi: str, leader: UUID, today: date) -> list[UUID]:
    return await units_below(conn, instansi, await led_units(conn, instansi, leader, today))


async def _placed(conn: AsyncConnection, instansi: str, units: Collection[UUID], today: date) -> set[UUID]:
    return {row[0] for row in await fetch(conn, _PLACED, instansi, list(units), today)}
