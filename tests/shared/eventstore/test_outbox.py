"""The outbox: the relay hears of a commit soon after it, and the API of an outbox that is full."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from shared.contracts.base import Message
from shared.eventstore.bell import CHANNEL
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.outbox import Publication, publish_state, watch_room
from shared.ids import fresh_id
from shared.testing.waiting import until
from tests.shared.eventstore.counter import COUNTER, Add, Counted


@asynccontextmanager
async def listening(bare: Any) -> AsyncIterator[list[str]]:
    """What is heard on the channel."""
    heard: list[str] = []
    conn = await asyncpg.connect(bare.url("worker", "postgresql"))
    await conn.add_listener(CHANNEL, lambda *_: heard.append(CHANNEL))
    try:
        yield heard
    finally:
        await conn.close()


async def add(db: Database, context: Context, amount: int = 1, *, keep: bool = True) -> None:
    orders = [Order(fresh_id(), Add(amount))]
    await db.run(lambda conn: execute(conn, COUNTER, context, orders), "medan", keep=keep)


async def publish(db: Database, context: Context) -> None:
    message: Message = Counted(total=7)
    async with db.transaction("medan") as conn:
        await publish_state(conn, context, [Publication("medan", fresh_id(), message)])


async def test_whoever_listens_hears_of_a_fact_and_of_published_state(
    api: Database, bare: Any, context: Context
) -> None:
    async with listening(bare) as heard:
        for tell in (add, publish):
            await tell(api, context)
            await until(lambda: _any(heard))
            heard.clear()


async def _die(db: Database, context: Context) -> None:
    async with db.transaction("medan") as conn:
        await execute(conn, COUNTER, context, [Order(fresh_id(), Add(1))])
        raise RuntimeError("killed")


async def _any(heard: list[str]) -> bool:
    return bool(heard)


async def test_what_records_nothing_or_does_not_stay_rings_nobody(api: Database, bare: Any, context: Context) -> None:
    async with listening(bare) as heard:
        await add(api, context, 0)
        await add(api, context, keep=False)
        with pytest.raises(RuntimeError):
            await _die(api, context)
        async with api.transaction("medan") as conn:  # on the same connection
            await conn.execute(text("SELECT 1"))
        await asyncio.sleep(0.3)
        assert heard == []


async def test_a_burst_of_commits_rings_few_times(api: Database, bare: Any, context: Context) -> None:
    async with listening(bare) as heard:
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(add(api, context) for _ in range(200)))
        passed = asyncio.get_running_loop().time() - started
        await until(lambda: _any(heard))
        await asyncio.sleep(0.1)
        assert len(heard) <= 2 + (passed + 0.1) / 0.005


async def test_a_bell_that_was_cut_off_rings_again(api: Database, bare: Any, context: Context) -> None:
    async with listening(bare) as heard:
        await add(api, context)
        await until(lambda: _any(heard))
        own = await asyncpg.connect(bare.url("api", "postgresql"))
        await own.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'NOTIFY outbox'")
        await own.close()
        heard.clear()
        # The first may find the connection dead and be lost, which costs the relay's poll; then it is made anew.
        for _ in range(2):
            await add(api, context)
            await asyncio.sleep(0.1)
        assert heard


async def test_beyond_the_limit_the_api_is_full_until_there_is_room_again(api: Database, worker: Database) -> None:
    async def wait_for(rows: int) -> None:
        async with worker.transaction() as conn:
            await conn.execute(text("DELETE FROM outbox"))
            await conn.execute(
                text(
                    "INSERT INTO outbox (instansi, subject, event_id, body)"
                    " SELECT 'jambi', 's', gen_random_uuid(), '' FROM generate_series(1, :rows)"
                ),
                {"rows": rows},
            )

    async def is_full() -> bool:
        return api.full

    async def has_room() -> bool:
        return not api.full

    watch = asyncio.create_task(watch_room(api, 10))
    try:
        for rows, expected in ((11, is_full), (10, has_room), (500, is_full), (0, has_room)):
            await wait_for(rows)
            await until(expected)
        assert not worker.full
    finally:
        watch.cancel()


async def test_what_was_parked_takes_no_room(api: Database, worker: Database) -> None:
    async with worker.transaction() as conn:
        await conn.execute(
            text(
                "INSERT INTO outbox (instansi, subject, event_id, body, parked_at)"
                " SELECT 'jambi', 's', gen_random_uuid(), '', now() FROM generate_series(1, 50)"
            )
        )
    async with api.transaction() as conn:
        assert (await conn.execute(text("SELECT outbox_waiting()"))).scalar_one() == 0
