"""An instansi that is suspended: reading goes on, jobs are quiet, no command is accepted; what is on the road is handled."""

import asyncio

import structlog

from shared.eventstore.database import Database, is_outage
from shared.eventstore.rows import fetch

log = structlog.get_logger(__name__)


async def watch_suspended(db: Database) -> None:
    """Keep `db.suspended`, once a second until cancelled, for the API: commands are refused within two seconds."""
    while True:
        try:
            async with db.transaction() as conn:
                [(codes,)] = await fetch(conn, "SELECT suspended_instansi()")
            if db.suspended != frozenset(codes):
                db.suspended = frozenset(codes)
                log.warning("instansi.suspended", instansi=sorted(codes))
        except Exception as error:  # whatever it was, it is looked at again in a second
            if not is_outage(error):
                log.error("instansi.suspension_unknown", exc_info=True)
        await asyncio.sleep(1)
