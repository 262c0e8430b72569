"""What has expired is removed."""

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch


async def forget(db: Database) -> None:
    """Remove sessions and links that no longer let anybody in."""
    async with db.transaction() as conn:
        for table in ("session", "invitation"):
            await fetch(conn, f"DELETE FROM {table} WHERE expires_at < now()")
