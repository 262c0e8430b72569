"""Who may read what of whom: oneself, who may judge one's work, the heads above, hr, auditors and systems."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.period.gate import known_rules
from shared.errors import Forbidden
from shared.people.queries import authorities, led_units, placements, units_below
from shared.web.auth import Caller, Role, employee_of

_SEE_ALL = frozenset({Role.HR, Role.AUDITOR, Role.SYSTEM})


async def people_readable(
    conn: AsyncConnection, caller: Caller, employee: UUID | None, now: datetime
) -> list[UUID] | None:
    """The people a list is about: the one asked for, else oneself, else (None) all for who sees all; or Forbidden."""
    if employee is None:
        return None if caller.roles & _SEE_ALL else [employee_of(caller)]
    await check_readable(conn, caller, employee, now)
    return [employee]


async def check_readable(
    conn: AsyncConnection, caller: Caller, employee: UUID, now: datetime, day: date | None = None
) -> None:
    """Refuse with Forbidden who has no right to read about `employee` today, or about their work of `day`."""
    if caller.employee == employee or caller.roles & _SEE_ALL:
        return
    me = employee_of(caller)
    today = (await known_rules(conn, caller.instansi)).local_date(now)
    rights = await authorities(conn, caller.instansi, {(employee, today), (employee, day or today)}, today)
    if any(me in right.verifiers for right in rights.values()):
        return
    if Role.LEADER in caller.roles and await _leads(conn, caller.instansi, me, employee, today):
        return
    raise Forbidden("Anda tidak berhak melihat data pegawai ini. / You have no right to read about this employee.")


async def _leads(conn: AsyncConnection, instansi: str, leader: UUID, employee: UUID, today: date) -> bool:
    """Whether the employee is placed in a unit that the leader heads, or below one."""
    below = await units_below(conn, instansi, await led_units(conn, instansi, leader, today))
    return any(a.unit in below and a.holds(today) for a in await placements(conn, instansi, [employee]))
