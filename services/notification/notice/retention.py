"""Notices are not kept for ever: what they tell stays in the records of the services that told it."""

from datetime import UTC, datetime, timedelta

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.ids import new_id
from shared.web.settings import Settings

# All of an event at once: whoever compares what was owed with what was told finds both or neither.
_FORGET = """
WITH old AS (SELECT DISTINCT instansi, event_id FROM owed WHERE at < $1 AND outcome <> 'open' LIMIT $2),
gone AS (DELETE FROM owed o USING old WHERE (o.instansi, o.event_id) = (old.instansi, old.event_id)),
told AS (DELETE FROM notice n USING old WHERE (n.instansi, n.event_id) = (old.instansi, old.event_id))
SELECT count(*) FROM old
"""
_DECIDED = "DELETE FROM heard_waiting WHERE instansi = $1 AND id < $2 AND NOT waiting"
_AT_ONCE = 1_000


async def forget_notices(db: Database) -> None:
    """The job: remove notices, what was owed for them, and entries long decided, older than the setting says."""
    before = datetime.now(UTC) - timedelta(days=Settings().notices_kept_days)
    found = _AT_ONCE
    while found == _AT_ONCE:
        async with db.transaction() as conn:
            [[found]] = await fetch(conn, _FORGET, before, _AT_ONCE)
    async with db.transaction() as conn:
        instansi = [row[0] for row in await fetch(conn, "SELECT instansi FROM heard_instansi")]
    for each in instansi:  # ids carry the time of their entry, and lead from there through the table in its order
        async with db.transaction() as conn:
            await conn.exec_driver_sql(_DECIDED, (each, new_id(before, bytes(10))))
