"""Connections to one service's database, and the one place where transactions begin and end."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

R = TypeVar("R")

#: Lost a race or were chosen as a deadlock's victim: run the whole transaction again.
_RACES = {"40001", "40P01"}
_ATTEMPTS = 10


class VersionConflict(Exception):
    """Somebody else appended to the stream first; the transaction is run again."""


class Database:
    """A pool for one role."""

    def __init__(self, url: str, *, size: int = 10, patience: float = 60) -> None:
        """`url` is postgresql+asyncpg://role:password@host:port/database.

        A statement that is not answered within `patience` seconds raises TimeoutError: a server that vanished without
        a word would be waited for for ever.
        """
        self.url = url
        self.engine = create_async_engine(
            url,
            pool_size=size,
            max_overflow=size,
            pool_timeout=10,
            hide_parameters=True,
            json_deserializer=orjson.loads,
            json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
            connect_args={
                "timeout": 5,
                "command_timeout": patience,
                "server_settings": {"idle_in_transaction_session_timeout": "60000", "lock_timeout": "20000"},
            },
        )

    @asynccontextmanager
    async def transaction(self, instansi: str | None = None) -> AsyncIterator[AsyncConnection]:
        """One transaction; `instansi` limits what the api role can see and write."""
        async with self.engine.begin() as conn:
            if instansi is not None:
                await conn.execute(_AS_INSTANSI, {"instansi": instansi})
            yield conn

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[R]], instansi: str | None = None, *, keep: bool = True
    ) -> R:
        """Run `work` in one transaction, again from the start when it lost a race.

        With `keep` False nothing of it stays: that is how a dry run finds out what would happen.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self.transaction(instansi) as conn:
                    result = await work(conn)
                    if not keep:
                        await conn.rollback()
                    return result
            except (VersionConflict, DBAPIError) as error:
                if attempt == _ATTEMPTS or not is_race(error):
                    raise
                await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))  # apart, or they meet again
        raise AssertionError("unreachable")

    async def answers(self) -> bool:
        """Whether the database is there."""
        try:
            async with self.engine.connect() as conn:
                await conn.execute(text("SELECT 1"))
        except Exception as error:
            if not is_outage(error):
                raise
            return False
        return True

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()

    def driver_url(self) -> str:
        """The address in the driver's own form, for connections outside the pool."""
        return self.url.replace("postgresql+asyncpg://", "postgresql://", 1)


_AS_INSTANSI = text("SELECT set_config('kinerja.instansi', :instansi, true)")


def is_race(error: Exception) -> bool:
    """Whether running the transaction again can help."""
    if isinstance(error, VersionConflict):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _RACES


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that the database is away, and nothing about what was asked of it."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        if error.connection_invalidated or state[:2] in {"08", "57", "53"} or state in {"25P03", "55P03"}:
            return True
        return isinstance(error, OperationalError | InterfaceError) and not state
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in {"08", "57", "53"}
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # a value the driver cannot encode is the asker's fault
    return isinstance(error, PoolTimeout | OSError)
