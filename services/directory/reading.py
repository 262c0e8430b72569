"""What readers need everywhere: rows as dictionaries, and the instansi's own day."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.store import InstansiUnknown
from shared.eventstore.decider import Context
from shared.people import queries as people


async def dicts(conn: AsyncConnection, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """Run SQL with $1, $2, …; all rows, by column name."""
    return [dict(row) for row in (await conn.exec_driver_sql(sql, parameters)).mappings()]


async def today(conn: AsyncConnection, context: Context) -> date:
    """The day it is in the zone of the instansi; InstansiUnknown."""
    rules = await people.instansi_rules(conn, context.instansi)
    if rules is None:
        raise InstansiUnknown("Instansi belum terdaftar. / The instansi is not registered.")
    return rules.local_date(context.now)
