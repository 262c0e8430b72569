"""Who may see and judge whom: from dated reporting lines; a token only says who asks."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import NotFound
from shared.people.queries import Rules, authorities, instansi_rules, people_in, units_below
from shared.people.sight import check_in_sight, in_sight
from shared.web.auth import Caller


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
