"""Pages of rows, by instansi and in the order of their ids."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.clock import today
from shared.errors import NotFound
from shared.eventstore.decider import Context
from shared.eventstore.rows import table_of
from shared.people.sight import check_in_sight, in_sight
from shared.web.auth import Caller
from shared.web.paging import Page, Paging

Row = dict[str, Any]

#: Ids of texts: shown as words, and only one record at a time.
_HIDDEN = frozenset({"instansi", "reason", "certificate"})


async def listed(
    conn: AsyncConnection,
    model: type[Any],
    instansi: str,
    asked: Paging,
    employees: Collection[UUID] | None,
    **filters: object,
) -> Page[Row]:
    """Rows of these people (None: of everybody) whose columns have the given values (None: any)."""
    table = table_of(model)
    query = select(table).where(table.c.instansi == instansi).order_by(table.c.id).limit(asked.limit + 1)
    if employees is not None:
        query = query.where(table.c.employee.in_(employees))
    for column, value in filters.items():
        if value is not None:
            query = query.where(table.c[column] == value)
    after = asked.after(UUID)
    if after is not None:
        query = query.where(table.c.id > after[0])
    rows = (await conn.execute(query)).mappings().all()
    return asked.page([shown(row) for row in rows], lambda row: (row["id"],))


async def visible_page(
    conn: AsyncConnection,
    model: type[Any],
    context: Context,
    caller: Caller,
    asked: Paging,
    employee: UUID | None,
    **filters: object,
) -> Page[Row]:
    """Rows of everybody whose training the caller may read, or of one such employee."""
    day = await today(conn, context)
    if employee is not None:
        await check_in_sight(conn, caller, employee, day)
        return await listed(conn, model, context.instansi, asked, [employee], **filters)
    employees = await in_sight(conn, caller, day)
    return await listed(conn, model, context.instansi, asked, employees, **filters)


def shown(row: Mapping[Any, Any]) -> Row:
    """A row as an answer."""
    return {name: value for name, value in row.items() if name not in _HIDDEN}


async def one(conn: AsyncConnection, model: type[Any], instansi: str, id: UUID) -> Row:
    """The row of this id; NotFound."""
    table = table_of(model)
    query = select(table).where(table.c.instansi == instansi, table.c.id == id)
    row = (await conn.execute(query)).mappings().first()
    if row is None:
        raise NotFound("Data ini tidak ada. / There is no such record.")
    return dict(row)
