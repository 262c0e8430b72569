"""Running a service's Alembic migrations, as its owner. A deploy step, never part of a service's start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.eventstore.schema import Partition, partitions
from shared.messaging.streams import MAX_AGE

ROOT = Path(__file__).resolve().parents[2]

#: Marks outlive what the road can bring again: it may have been published as long after its recording as it then lies there.
INBOX_KEPT = 2 * MAX_AGE
_LOCK = 7_105_002


def upgrade(service: str, owner_url: str) -> None:
    """Bring the database of `service` to the newest version, make its coming partitions and drop those that have served.

    `owner_url` is postgresql+asyncpg://owner:password@host:port/database. Runs an event loop of its own.
    """
    asyncio.run(_upgrade(service, owner_url))


async def _upgrade(service: str, owner_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    engine = create_async_engine(owner_url, poolclass=pool.NullPool)
    try:
        async with _alone(engine) as conn:
            await conn.run_sync(_run_alembic, config)
        await keep_partitions(engine, datetime.now(UTC).date())
    finally:
        await engine.dispose()


async def keep_partitions(engine: AsyncEngine, today: date) -> None:
    """Make the partitions that `today` asks for, and drop the inbox's that are older than INBOX_KEPT."""
    for partition in partitions(today):
        async with _alone(engine) as conn:
            if not (await conn.execute(text("SELECT to_regclass(:name)"), {"name": partition.name})).scalar():
                await _add(conn, partition)
    async with _alone(engine) as conn:
        inbox = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'inbox'::regclass"
        limit = f"inbox_{today - INBOX_KEPT - timedelta(weeks=1):%Y%m%d}"
        for name in (await conn.execute(text(inbox))).scalars().all():
            if name <= limit:
                await conn.exec_driver_sql(f"DROP TABLE {name}")
        await conn.exec_driver_sql("DELETE FROM inbox_other WHERE recorded_at < $1", (today - INBOX_KEPT,))


async def _add(conn: AsyncConnection, new: Partition) -> None:
    """Whoever migrates rarely has rows of this partition in the default one: they move."""
    await conn.exec_driver_sql(f"LOCK TABLE {new.table}_other IN ACCESS EXCLUSIVE MODE")
    await conn.exec_driver_sql(f"CREATE TABLE {new.name} (LIKE {new.table} INCLUDING ALL)")
    await conn.exec_driver_sql(
        f"WITH moved AS (DELETE FROM {new.table}_other WHERE {new.key} >= '{new.first}' AND {new.key} < '{new.after}'"
        f" RETURNING *) INSERT INTO {new.name} SELECT * FROM moved"
    )
    await conn.exec_driver_sql(
        f"ALTER TABLE {new.table} ATTACH PARTITION {new.name} FOR VALUES FROM ('{new.first}') TO ('{new.after}')"
    )


@asynccontextmanager
async def _alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction while nobody else migrates, which lets the service wait for five seconds at most."""
    async with engine.begin() as conn:
        await conn.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        await conn.execute(text("SET LOCAL lock_timeout = '5s'"))
        yield conn


def _run_alembic(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run_env() -> None:
    """What every service's `migrations/env.py` does."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()
