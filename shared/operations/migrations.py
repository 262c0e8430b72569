"""Running a service's Alembic migrations, as its owner. A deploy step, never part of a service's start."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import pool
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.operations.partitions import allow, alone, keep_partitions

ROOT = Path(__file__).resolve().parents[2]
_ATTEMPTS = 30
#: In which those who waited behind an attempt have their turn.
_PAUSE_SECONDS = 2.0
#: A table was not free in time, or somebody waited for us while we waited for them.
_LOCKED = {"55P03", "40P01"}


class MigrationBlocked(Exception):
    """Tables stayed in use; nothing was changed."""


class DatabaseNewer(Exception):
    """A newer version of the service migrated this database."""


def upgrade(service: str, owner_url: str) -> None:
    """Bring the database of `service` to the newest version, make its coming partitions and drop those that have served.

    All of it or nothing, beside the service at work, which it keeps waiting for LOCK_SECONDS at a time: what does not get
    its tables by then lets go and comes back later. After two minutes of that it raises MigrationBlocked. A database that
    a newer version migrated is left alone: DatabaseNewer.
    `owner_url` is postgresql+asyncpg://owner:password@host:port/database. Runs an event loop of its own.
    """
    asyncio.run(_upgrade(service, owner_url))


async def _upgrade(service: str, owner_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "services" / service / "migrations"))
    engine = create_async_engine(owner_url, poolclass=pool.NullPool)
    try:
        for left in reversed(range(_ATTEMPTS)):
            if await _migrated(engine, config, service):
                return
            if left:
                await asyncio.sleep(_PAUSE_SECONDS)
        raise MigrationBlocked(
            f"{service}: a long transaction keeps its tables, nothing was changed. End it (pg_stat_activity.xact_start"
            " says which), and run the migration again."
        )
    finally:
        await engine.dispose()


async def _migrated(engine: AsyncEngine, config: Config, service: str) -> bool:
    """False when a table was not free in time."""
    try:
        async with alone(engine) as conn:
            await conn.run_sync(_run_alembic, config)
            await allow(conn, service)
            await _let_in(conn, service)
        await keep_partitions(engine, datetime.now(UTC).date())
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _LOCKED:
            return False
        raise
    return True


async def _let_in(conn: AsyncConnection, service: str) -> None:
    """Only the service's own roles enter its database, also where an operator or a restore made it."""
    name = (await conn.exec_driver_sql("SELECT quote_ident(current_database())")).scalar_one()
    await conn.exec_driver_sql(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
    await conn.exec_driver_sql(f"GRANT CONNECT ON DATABASE {name} TO {service}_api, {service}_worker")


def _run_alembic(connection: Connection, config: Config) -> None:
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    if unknown := set(MigrationContext.configure(connection).get_current_heads()) - known:
        raise DatabaseNewer(f"the database is at {', '.join(sorted(unknown))}, which this version does not know")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def run_env() -> None:
    """What every service's `migrations/env.py` does."""
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        context.run_migrations()
