"""Connections to one service's database, and the one place where transactions begin and end."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from shared.eventstore.bell import DRIVER_ERRORS, Bell

R = TypeVar("R")

#: Lost a race or were chosen as a deadlock's victim: run the whole transaction again.
_RACES = {"40001", "40P01"}
_ATTEMPTS = 10
_POSTED = "kinerja.posted"


class VersionConflict(Exception):
    """Somebody else appended to the stream first; the transaction is run again."""


class DatabaseAway(OSError):
    """The database is known to be away: nobody waits for it."""


class Database:
    """A pool for one role."""

    def __init__(self, url: str, *, size: int = 10, patience: float = 60) -> None:
        """`url` is postgresql+asyncpg://role:password@host:port/database.

        A statement that is not answered within `patience` seconds raises TimeoutError: a server that vanished without
        a word would be waited for for ever.
        """
        self.url = url
        self.full = False
        """Whether too much waits in the outbox for commands to be accepted; kept by `watch_room`."""
        self.suspended: frozenset[str] = frozenset()
        """The instansi of which no command is accepted; kept by `watch_suspended`."""
        self.engine = create_async_engine(
            url,
            pool_size=size,
            max_overflow=size,
            pool_timeout=10,
            pool_reset_on_return=None,
            isolation_level="AUTOCOMMIT",  # as far as SQLAlchemy knows: see transaction()
            hide_parameters=True,
            json_deserializer=orjson.loads,
            json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
            connect_args={
                "timeout": 5,
                "command_timeout": patience,
                "server_settings": {"idle_in_transaction_session_timeout": "60000", "lock_timeout": "20000"},
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_dead)
        self._bell = Bell(self.driver_url())
        self._away = False
        self._open: set[Any] = set()

    @asynccontextmanager
    async def transaction(self, instansi: str | None = None, *, keep: bool = True) -> AsyncIterator[AsyncConnection]:
        """One transaction; `instansi` limits what the api role can see and write. With `keep` False nothing stays."""
        if self._away:
            raise DatabaseAway
        async with self.engine.connect() as conn:
            driver, info = driver_of(conn), conn.info
            info.pop(_POSTED, None)
            self._open.add(driver)
            try:
                # Begun and ended by hand: a round trip less, and a third of what SQLAlchemy's own transaction costs.
                await driver.execute(_begin(instansi))
                yield conn
                # PostgreSQL answers the COMMIT of a transaction in which a statement failed with ROLLBACK.
                if await driver.execute("COMMIT" if keep else "ROLLBACK") != "COMMIT" and keep:
                    raise asyncpg.InFailedSQLTransactionError("a statement had failed, nothing was committed")
            except BaseException as error:
                await _undo(conn, driver, error)
                raise
            finally:
                self._open.discard(driver)
            posted = keep and info.pop(_POSTED, False)
        if posted:
            self._bell.ring()

    async def run(
        self, work: Callable[[AsyncConnection], Awaitable[R]], instansi: str | None = None, *, keep: bool = True
    ) -> R:
        """Run `work` in one transaction, again from the start when it lost a race.

        With `keep` False nothing of it stays: that is how a dry run finds out what would happen.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self.transaction(instansi, keep=keep) as conn:
                    return await work(conn)
            except (VersionConflict, DBAPIError, asyncpg.PostgresError) as error:
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

    async def watch(self, patience: float = 5) -> None:
        """Ask the server every second, until cancelled, whether it is there. While it says nothing for `patience` seconds
        nobody waits for it: what is open is broken off, and transactions are refused at once."""
        while True:
            probe = None
            try:
                async with asyncio.timeout(patience):
                    probe = await asyncpg.connect(self.driver_url())
                self._away = False
                while True:
                    async with asyncio.timeout(patience):
                        await probe.execute("SELECT 1")
                    await asyncio.sleep(1)
            except DRIVER_ERRORS as error:
                # A refusal (too many connections, a wrong password) comes from a server that is there.
                state = error.sqlstate or "" if isinstance(error, asyncpg.PostgresError) else "08"
                self._away = state[:2] in {"08", "57"}
                for driver in self._open if self._away else ():
                    driver.terminate()
            finally:
                if probe is not None:
                    probe.terminate()
            await asyncio.sleep(1)

    async def close(self) -> None:
        """Close all connections."""
        await self._bell.close()
        await self.engine.dispose()

    def driver_url(self) -> str:
        """The address in the driver's own form, for connections outside the pool."""
        return self.url.replace("postgresql+asyncpg://", "postgresql://", 1)


def driver_of(conn: AsyncConnection) -> Any:
    """asyncpg's connection behind `conn`."""
    assert conn.sync_connection is not None, "connections are started before they are given out"
    return conn.sync_connection.connection.driver_connection


def posted(conn: AsyncConnection) -> None:
    """Say that the transaction of `conn` puts parcels into the outbox: after its commit the relay is woken."""
    conn.info[_POSTED] = True


def _begin(instansi: str | None) -> str:
    if instansi is None:
        return "BEGIN"
    quoted = instansi.replace("'", "''")
    return f"BEGIN; SELECT set_config('kinerja.instansi', '{quoted}', true)"


async def _undo(conn: AsyncConnection, driver: Any, error: BaseException) -> None:
    """Roll back; a connection that was interrupted or does not answer is given up instead, which does the same."""
    if isinstance(error, Exception) and not isinstance(error, TimeoutError) and not driver.is_closed():
        try:
            await driver.execute("ROLLBACK")
        except DRIVER_ERRORS:
            pass
        except BaseException:  # cancelled: whether it was rolled back is not known
            driver.terminate()
            raise
        else:
            return
    driver.terminate()
    await conn.invalidate()


def _refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    """The pool then makes a new one: after an outage nobody meets what it left behind."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def is_race(error: Exception) -> bool:
    """Whether running the transaction again can help."""
    if isinstance(error, VersionConflict):
        return True
    return getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None) in _RACES


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that the database is away, and nothing about what was asked of it."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None) or ""
        if error.connection_invalidated or _is_away(state):
            return True
        return isinstance(error, OperationalError | InterfaceError) and not state
    if isinstance(error, asyncpg.PostgresError):
        return _is_away(error.sqlstate or "")
    if isinstance(error, asyncpg.InterfaceError):
        return not isinstance(error, ValueError)  # a value the driver cannot encode is the asker's fault
    return isinstance(error, (PoolTimeout, *DRIVER_ERRORS))


def _is_away(state: str) -> bool:
    return state[:2] in {"08", "57", "53"} or state in {"25P03", "55P03"}
