"""A bare database with the foundation and the counter's table."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.operations import schema
from shared.operations.partitions import allow, keep_partitions
from shared.testing.infrastructure import Databases
from tests.shared.eventstore.counter import CREATE_ROW


def _found(connection: Connection) -> None:
    with Operations.context(MigrationContext.configure(connection)):
        schema.foundation_1("bare")
        schema.foundation_2("bare")
        schema.foundation_3("bare")
        schema.foundation_4("bare")
        schema.foundation_5("bare")
        connection.exec_driver_sql(CREATE_ROW)
        schema.secure("bare", "counter")


async def _create(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as conn:
        await conn.run_sync(_found)
        await allow(conn, "bare")
    await keep_partitions(engine, datetime.now(UTC).date())
    await engine.dispose()


@pytest.fixture
def bare(databases: Databases) -> Any:
    """Addresses of a database with the foundation."""
    made = databases(None)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(_create(made.url("owner")))).result()
    return made


@pytest.fixture
async def api(bare: Any) -> AsyncIterator[Database]:
    """The store as the api role sees it."""
    db = Database(bare.url("api"))
    yield db
    await db.close()


@pytest.fixture
async def worker(bare: Any) -> AsyncIterator[Database]:
    """The store as the worker role sees it."""
    db = Database(bare.url("worker"))
    yield db
    await db.close()


@pytest.fixture
def context() -> Context:
    """Somebody of Medan, now."""
    return Context(instansi="medan", actor=None, role="staff", now=datetime.now(UTC), correlation_id="test")
