"""Which day it is for an instansi."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.calendar import local_date
from shared.eventstore.decider import Context
from shared.people.queries import instansi_rules

#: Where an instansi works until the directory has told.
DEFAULT_ZONE = "Asia/Jakarta"


async def today(conn: AsyncConnection, context: Context) -> date:
    """The day of the context's time in the zone of its instansi."""
    rules = await instansi_rules(conn, context.instansi)
    return local_date(context.now, rules.zone if rules else DEFAULT_ZONE)
