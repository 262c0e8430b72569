"""Running a service's Alembic migrations, as its owner. A deploy step, never part of a service's start."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.operations.partitions import allow, alone, keep_partitions

ROOT = Path(__file__).resolve().parents[2]


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
        async with alone(engine) as conn:
            await conn.run_sync(_run_alembic, config)
            await allow(conn, service)
        await keep_partitions(engine, datetime.now(UTC).date())
    finally:
        await engine.dispose()


def _run_alembic(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run_env() -> None:
    """What every service's `migrations/env.py` does."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()
