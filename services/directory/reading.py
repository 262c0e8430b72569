"""What readers need everywhere: rows as dictionaries, the instansi's own day, and whom a caller may see."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.store import InstansiUnknown
from shared.errors import Forbidden
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.people import queries as people
from shared.web.auth import Caller, Role

_SEE_ALL = {Role.HR, Role.SYSTEM, Role.AUDITOR}
_IN_UNITS = """
SELECT DISTINCT employee FROM heard_assignment
WHERE instansi = $1 AND unit = ANY($2::uuid[]) AND NOT void AND $3::date BETWEEN valid_from AND coalesce(valid_to, 'infinity')
"""


async def dicts(conn: AsyncConnection, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """Run SQL with $1, $2, …; all rows, by column name."""
    return [dict(row) for row in (await conn.exec_driver_sql(sql, parameters)).mappings()]


async def today(conn: AsyncConnection, context: Context) -> date:
    """The day it is in the zone of the instansi; InstansiUnknown."""
    rules = await people.instansi_rules(conn, context.instansi)
    if rules is None:
        raise InstansiUnknown("Instansi belum terdaftar. / The instansi is not registered.")
    return rules.local_date(context.now)


async def in_sight(conn: AsyncConnection, caller: Caller, day: date) -> set[UUID] | None:
    """The people whose records the caller may read; None: everybody's.

    HR, auditors and systems read all; everybody else themself, who reports to them on `day`, and a leader also
    who works in the units they head or below.
    """
    if caller.roles & _SEE_ALL:
        return None
    if caller.employee is None:
        return set()
    seen = {caller.employee, *await people.reports_of(conn, caller.instansi, caller.employee, day)}
    if Role.LEADER in caller.roles:
        led = await people.led_units(conn, caller.instansi, caller.employee, day)
        below = await people.units_below(conn, caller.instansi, led)
        seen |= {row[0] for row in await fetch(conn, _IN_UNITS, caller.instansi, below, day)}
    return seen


def may_read(seen: set[UUID] | None, employee: UUID) -> None:
    """Forbidden unless the employee is among those in sight."""
    if seen is not None and employee not in seen:
        raise Forbidden(
            "Hanya data sendiri, bawahan, atau bagi pengelola kepegawaian. / "
            "Only your own record, those of your reports, or for HR."
        )
