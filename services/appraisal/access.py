"""Who may see and judge whom: from dated reporting lines; a token only says who asks."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.people.queries import authorities, known_rules, people_in, units_below
from shared.people.sight import check_in_sight, in_sight
from shared.web.auth import Caller


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
    """Forbidden unless the caller may see this person today, or may judge their work of `days`."""
    today = (await known_rules(conn, caller.instansi)).local_date(now)
    await check_in_sight(conn, caller, employee, today, *days)


async def readable_people(conn: AsyncConnection, caller: Caller, unit: UUID | None, now: datetime) -> list[UUID] | None:
    """Whom a list may show, narrowed to `unit` and the units below it; None is everybody of the instansi."""
    today = (await known_rules(conn, caller.instansi)).local_date(now)
    people = await in_sight(conn, caller, today)
    if unit is not None:
        there = await people_in(conn, caller.instansi, await units_below(conn, caller.instansi, [unit]), today)
        people = there if people is None else people & there
    return None if people is None else sorted(people)
