"""Connections: what vanished without a word is given up."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from deploy.embedded.postgres import Postgres
from deploy.embedded.process import living_in
from shared.eventstore.database import Database, DatabaseAway, is_outage
from shared.testing.waiting import until


async def test_a_server_that_never_answers_is_an_outage_and_the_next_connection_works(
    bare: Any, postgres: Postgres
) -> None:
    db = Database(bare.url("worker"), size=1, patience=0.5)

    async def backend(conn: AsyncConnection) -> int:
        return int((await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    frozen = await db.run(backend)
    postgres.send(frozen, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError) as silence:
            await asyncio.wait_for(db.run(backend), 20)
        assert is_outage(silence.value)
        assert await db.run(backend) != frozen
    finally:
        postgres.send(frozen, signal.SIGCONT)
        await db.close()


async def test_a_server_that_says_nothing_keeps_nobody_waiting_until_it_is_back(tmp_path: Path) -> None:
    """Of its own: frozen, it would hold up every other test too."""
    server = Postgres(tmp_path / "data", tmp_path / "postgres.log", fsync=False)
    server.start()
    db = Database(server.url().replace("postgresql://", "postgresql+asyncpg://", 1))
    watching = asyncio.create_task(db.watch(patience=1))

    async def ask(conn: AsyncConnection) -> int:
        return int((await conn.execute(text("SELECT 1"))).scalar_one())

    async def works() -> bool:
        with contextlib.suppress(OSError, DBAPIError):
            return await db.run(ask) == 1
        return False

    async def in_hand() -> None:
        async with db.transaction() as conn:
            asleep = asyncio.create_task(conn.execute(text("SELECT pg_sleep(0.3)")))
            await asyncio.sleep(0.1)
            for pid in living_in(server.data, "postgres"):
                os.kill(pid, signal.SIGSTOP)
            await asyncio.wait_for(asleep, 20)

    await until(works)
    try:
        [broken_off] = await asyncio.gather(in_hand(), return_exceptions=True)
        assert broken_off is not None
        assert is_outage(broken_off)
        with pytest.raises(DatabaseAway):
            await db.run(ask)
    finally:
        for pid in living_in(server.data, "postgres"):
            os.kill(pid, signal.SIGCONT)
    await until(works)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await db.close()
    server.stop()


async def test_a_connection_that_the_server_has_ended_is_an_outage_also_before_it_is_closed_here(
    worker: Database,
) -> None:
    connection = await asyncpg.connect(worker.driver_url())
    fields = b"SFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0"
    connection._protocol.data_received(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
    with pytest.raises(asyncpg.InternalClientError) as caught:
        await connection.fetchval("SELECT 1")
    connection.terminate()
    assert is_outage(caught.value)
