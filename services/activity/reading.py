"""Whom a list is about."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.people.queries import known_rules
from shared.people.sight import SEE_ALL, check_in_sight
from shared.web.auth import Caller, employee_of


async def people_readable(
    conn: AsyncConnection, caller: Caller, employee: UUID | None, now: datetime
) -> list[UUID] | None:
    """The one asked for, else oneself, else (None) all for who sees all; or Forbidden."""
    if employee is None:
        return None if caller.roles & SEE_ALL else [employee_of(caller)]
    await check_readable(conn, caller, employee, now)
    return [employee]


async def check_readable(conn: AsyncConnection, caller: Caller, employee: UUID, now: datetime, *days: date) -> None:
    """Forbidden unless the caller may read about `employee` today, or may judge their work of `days`."""
    today = (await known_rules(conn, caller.instansi)).local_date(now)
    await check_in_sight(conn, caller, employee, today, *days)
