"""Partitions are made ahead, by whoever migrates late too, and the inbox forgets what cannot come again."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.embedded.postgres import Postgres
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute, load
from shared.ids import fresh_id, new_id
from shared.messaging.delivery import HORIZON
from shared.messaging.streams import MAX_AGE
from shared.operations.partitions import INBOX_KEPT, keep_partitions
from shared.operations.rebuild import Difference, prove
from tests.shared.eventstore.counter import COUNTER, Add

TODAY = datetime.now(UTC).date()


@pytest.fixture
async def owner(bare: Any) -> AsyncIterator[AsyncEngine]:
    """The owner of a database that was migrated today."""
    engine = create_async_engine(bare.url("owner"))
    yield engine
    await engine.dispose()


async def ask(engine: AsyncEngine, sql: str) -> list[Any]:
    async with engine.begin() as conn:
        return list((await conn.execute(text(sql))).scalars())


async def mark(worker: Database, day: date) -> UUID:
    event = fresh_id()
    async with worker.transaction() as conn:
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        sql = "INSERT INTO inbox (durable, event_id, recorded_at) VALUES ('d', :event, :at)"
        await conn.execute(text(sql), {"event": event, "at": at})
    return event


async def test_a_database_migrated_late_moves_what_came_meanwhile_into_its_partitions(
    owner: AsyncEngine, api: Database, worker: Database, context: Context
) -> None:
    later = TODAY + timedelta(days=3 * 365)
    stream = new_id(datetime(later.year, later.month, 15, tzinfo=UTC), b"0123456789")
    await api.run(lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(3))]), "medan")
    event = await mark(worker, later)
    assert await ask(owner, "SELECT stream FROM events_other") == [stream]
    assert await ask(owner, "SELECT event_id FROM inbox_other") == [event]
    for _ in range(2):
        await keep_partitions(owner, later)
    assert await ask(owner, "SELECT stream FROM events_other") == []
    assert await ask(owner, "SELECT event_id FROM inbox_other") == []
    assert await ask(owner, f"SELECT stream FROM events_{later.year}q{(later.month + 2) // 3}") == [stream]
    async with api.transaction("medan") as conn:
        assert (await load(conn, COUNTER, "medan", stream))[0] == 1
    assert await ask(owner, "SELECT event_id FROM inbox") == [event]


async def test_the_inbox_keeps_what_can_come_again_and_forgets_the_rest(owner: AsyncEngine, worker: Database) -> None:
    assert INBOX_KEPT > MAX_AGE + HORIZON
    first = TODAY - timedelta(days=400)
    await keep_partitions(owner, first)  # as it was then
    for age in (400, 395, 300, INBOX_KEPT.days + 14):
        await mark(worker, TODAY - timedelta(days=age))
    kept = [await mark(worker, TODAY - timedelta(days=age)) for age in (INBOX_KEPT.days - 1, 0)]
    before = await ask(owner, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'inbox'::regclass")
    await keep_partitions(owner, TODAY)
    after = await ask(owner, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'inbox'::regclass")
    assert sorted(await ask(owner, "SELECT event_id FROM inbox")) == sorted(kept)
    gone = sorted(set(before) - set(after))
    monday = first - timedelta(days=first.weekday())
    assert gone == [f"inbox_{monday + timedelta(weeks=week):%Y%m%d}" for week in range(-1, 9)]


async def test_workers_make_partitions_when_nobody_deploys_for_years_and_can_make_nothing_else(
    owner: AsyncEngine, api: Database, worker: Database
) -> None:
    for years in (1, 2, 3):
        await keep_partitions(worker.engine, TODAY + timedelta(days=365 * years))
    later = TODAY + timedelta(days=3 * 365)
    assert await ask(owner, f"SELECT to_regclass('events_{later.year + 1}q1') IS NOT NULL") == [True]
    monday = later - timedelta(days=later.weekday()) + timedelta(weeks=8)
    assert await ask(owner, f"SELECT to_regclass('inbox_{monday:%Y%m%d}') IS NOT NULL") == [True]
    assert await ask(owner, "SELECT inhparent::regclass::text FROM pg_inherits GROUP BY 1 HAVING count(*) > 60") == []
    for parent, part in (("outbox", "outbox_2030"), ("events", "outbox_2030"), ("events", "events_other")):
        with pytest.raises(DBAPIError, match="no partition"):
            async with worker.transaction() as conn:
                await conn.exec_driver_sql("SELECT make_partition($1, $2, '', '')", (parent, part))
    for function in ("make_partition('events', 'events_2050q1', '', '')", "drop_inbox('2050-01-01')"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with api.transaction("medan") as conn:
                await conn.execute(text(f"SELECT {function}"))


async def test_a_worker_drops_no_mark_that_can_still_be_needed(worker: Database) -> None:
    kept = await mark(worker, TODAY - timedelta(days=20))
    async with worker.transaction() as conn:
        await conn.execute(text("SELECT drop_inbox('2050-01-01')"))
        assert list((await conn.execute(text("SELECT event_id FROM inbox"))).scalars()) == [kept]


async def test_an_old_quarter_moves_to_cheap_storage_and_is_read_and_added_to_as_before(
    bare: Any, postgres: Postgres, api: Database, worker: Database, context: Context
) -> None:
    old = TODAY - timedelta(days=300)
    stream = new_id(datetime(old.year, old.month, 15, tzinfo=UTC), b"0123456789")
    await api.run(lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(3))]), "medan")
    admin: asyncpg.Connection[Any] = await asyncpg.connect(postgres.url(bare.name))
    await admin.execute("SET allow_in_place_tablespaces = on")
    await admin.execute("CREATE TABLESPACE cold LOCATION ''")
    part = f"events_{old.year}q{(old.month + 2) // 3}"
    await admin.execute(f"ALTER TABLE {part} SET TABLESPACE cold; ALTER INDEX {part}_pkey SET TABLESPACE cold")
    try:
        await api.run(lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(4))]), "medan")
        async with api.transaction("medan") as conn:
            version, state, _ = await load(conn, COUNTER, "medan", stream)
        assert (version, state.total) == (2, 7)
        assert await prove(worker, [COUNTER], patience=0) == [Difference("outbox", ANY)]
    finally:
        await admin.execute(f"DROP TABLE {part}")
        await admin.execute("DROP TABLESPACE cold")
        await admin.close()


async def test_a_partition_is_reached_through_its_table_only(api: Database, worker: Database, bare: Any) -> None:
    """Row security stands on the table: whoever could read a part would pass it by."""
    quarter = f"events_{TODAY.year}q{(TODAY.month + 2) // 3}"
    for db in (api, worker):
        for part in (quarter, "events_other", "inbox_other"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with db.transaction("medan") as conn:
                    await conn.execute(text(f"SELECT FROM {part}"))
