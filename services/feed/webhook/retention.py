"""What came of deliveries is not kept for ever: it is for whoever looks after a receiver."""

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch

_FORGET = """
WITH gone AS (
    DELETE FROM delivery d USING (
        SELECT instansi, endpoint, event_id FROM delivery
        WHERE status <> 'waiting' AND last_at < now() - interval '30 days' LIMIT $1
    ) old WHERE (d.instansi, d.endpoint, d.event_id) = (old.instansi, old.endpoint, old.event_id) RETURNING 1
) SELECT count(*) FROM gone
"""
_AT_ONCE = 1_000


async def forget_deliveries(db: Database) -> None:
    """The job: remove what was settled thirty days ago, and old secrets that have run out."""
    found = _AT_ONCE
    while found == _AT_ONCE:
        async with db.transaction() as conn:
            [[found]] = await fetch(conn, _FORGET, _AT_ONCE)
    async with db.transaction() as conn:
        await fetch(
            conn, "UPDATE endpoint SET old_secret = NULL WHERE old_secret_until < now() AND old_secret IS NOT NULL"
        )
