"""Whose records a caller may read: their own and what dated reporting lines open; roles open it to hr, auditors, systems."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Forbidden
from shared.people.queries import authorities, led_units, people_in, reports_of, units_below
from shared.web.auth import Caller, Role, employee_of

SEE_ALL = frozenset({Role.HR, Role.AUDITOR, Role.SYSTEM})


async def in_sight(conn: AsyncConnection, caller: Caller, today: date) -> set[UUID] | None:
    """The people whose records the caller may read; None: everybody's.

    Hr, auditors and systems read all; everybody else themself and whose work they may judge today; a leader also who is
    placed in the units they head, or below.
    """
    if caller.roles & SEE_ALL:
        return None
    me = employee_of(caller)
    return {me, *await reports_of(conn, caller.instansi, me, today), *await _led(conn, caller, me, today)}


async def check_in_sight(conn: AsyncConnection, caller: Caller, employee: UUID, today: date, *days: date) -> None:
    """Forbidden unless the caller may read the records of `employee`: see `in_sight`; `days`: of work they may judge too."""
    if caller.employee == employee or caller.roles & SEE_ALL:
        return
    me = employee_of(caller)
    rights = await authorities(conn, caller.instansi, {(employee, day) for day in (today, *days)}, today)
    if any(me in right.verifiers for right in rights.values()):
        return
    if employee not in await _led(conn, caller, me, today):
        raise Forbidden(
            "Hanya untuk pegawai itu sendiri, atasannya, kepala unitnya, dan kepegawaian. / "
            "Only for the employee, their superior, the head of their unit, and hr."
        )


async def _led(conn: AsyncConnection, caller: Caller, me: UUID, today: date) -> set[UUID]:
    if Role.LEADER not in caller.roles:
        return set()
    units = await units_below(conn, caller.instansi, await led_units(conn, caller.instansi, me, today))
    return await people_in(conn, caller.instansi, units, today)
