"""Connections: what vanished without a word is given up."""

import asyncio
import os
import signal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database, is_outage


async def test_a_server_that_never_answers_is_an_outage_and_the_next_connection_works(bare: Any) -> None:
    db = Database(bare.url("worker"), size=1, patience=0.5)

    async def backend(conn: AsyncConnection) -> int:
        return int((await conn.execute(text("SELECT pg_backend_pid()"))).scalar_one())

    frozen = await db.run(backend)
    os.kill(frozen, signal.SIGSTOP)
    try:
        with pytest.raises(TimeoutError) as silence:
            await asyncio.wait_for(db.run(backend), 20)
        assert is_outage(silence.value)
        assert await db.run(backend) != frozen
    finally:
        os.kill(frozen, signal.SIGCONT)
        await db.close()
