"""What has expired is removed."""

from datetime import UTC, datetime, timedelta

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.ids import new_id
from shared.web.settings import Settings

_DECIDED = "DELETE FROM heard_entry WHERE instansi = $1 AND entry < $2 AND status <> 'waiting'"


async def forget(db: Database) -> None:
    """Remove sessions and links that no longer let anybody in, and entries long decided, older than the setting says."""
    async with db.transaction() as conn:
        for table in ("session", "invitation"):
            await fetch(conn, f"DELETE FROM {table} WHERE expires_at < now()")
        await fetch(conn, "DELETE FROM survey_rate WHERE hour < now() - interval '1 day'")
        instansi = [row[0] for row in await fetch(conn, "SELECT instansi FROM heard_instansi")]
    before = new_id(datetime.now(UTC) - timedelta(days=Settings().notices_kept_days), bytes(10))
    for each in instansi:  # ids carry the time of their entry, and lead from there through the table in its order
        async with db.transaction() as conn:
            await fetch(conn, _DECIDED, each, before)
