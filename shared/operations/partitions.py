"""The parts of large tables: made ahead, and dropped when they have served, by the deploy step and by every worker.

A worker may make and drop them through two functions of the owner that can do nothing else: a system that nobody
deploys for years keeps its partitions all the same.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.messaging.streams import MAX_AGE

#: Marks outlive what the road can bring again: it may have been published as long after its recording as it then lies there.
INBOX_KEPT = 2 * MAX_AGE
#: Whoever waits for a table keeps all who come later from it.
LOCK_SECONDS = 2
_LOCK = 7_105_002

# Rows of a new part that wait in the default one move.
_MAKE = r"""
CREATE OR REPLACE FUNCTION make_partition(parent text, part text, first text, after text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE key text := CASE parent WHEN 'events' THEN 'stream' WHEN 'inbox' THEN 'recorded_at' END;
BEGIN
    IF key IS NULL OR part !~ ('^' || parent || '_\d{4}(q\d|\d{4})$') THEN
        RAISE 'no partition: % of %', part, parent;
    END IF;
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_other');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent || '_other', key, first, key, after, part);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, first, after);
END $$
"""
_DROP = f"""
CREATE OR REPLACE FUNCTION drop_inbox(before date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE part text;
BEGIN
    FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'inbox'::regclass LOOP
        IF part <= to_char(least(before, current_date - {INBOX_KEPT.days}) - 7, '"inbox_"YYYYMMDD') THEN
            EXECUTE format('DROP TABLE %I', part);
        END IF;
    END LOOP;
END $$
"""
_FUNCTIONS = ("make_partition(text, text, text, text)", "drop_inbox(date)")


class Partition(NamedTuple):
    """A part of `table` whose key is at least `first` and less than `after`."""

    table: str
    name: str
    first: str
    after: str


def partitions(today: date) -> Iterator[Partition]:
    """Those around `today`: events by quarter of the time in their stream id, the inbox by week."""
    for step in range(-4, 6):
        first, after = _quarter(today, step), _quarter(today, step + 1)
        name = f"events_{first.year}q{(first.month + 2) // 3}"
        yield Partition("events", name, _uuid_floor(first), _uuid_floor(after))
    monday = today.toordinal() - today.weekday()
    for week in range(-1, 9):
        first, after = date.fromordinal(monday + 7 * week), date.fromordinal(monday + 7 * (week + 1))
        yield Partition("inbox", f"inbox_{first:%Y%m%d}", f"{first} 00:00Z", f"{after} 00:00Z")


async def allow(conn: AsyncConnection, service: str) -> None:
    """As the owner: let the worker of `service` keep the partitions, and nobody else."""
    for function in (_MAKE, _DROP):
        await conn.exec_driver_sql(function)
    for name in _FUNCTIONS:
        await conn.exec_driver_sql(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        await conn.exec_driver_sql(f"GRANT EXECUTE ON FUNCTION {name} TO {service}_worker")


async def keep_partitions(engine: AsyncEngine, today: date) -> None:
    """As owner or worker: make what `today` asks for, and drop what of the inbox is older than INBOX_KEPT."""
    wanted = list(partitions(today))
    async with engine.connect() as conn:
        names = text("SELECT name FROM unnest(CAST(:names AS text[])) AS name WHERE to_regclass(name) IS NULL")
        missing = set((await conn.execute(names, {"names": [each.name for each in wanted]})).scalars())
    for partition in wanted:
        if partition.name in missing:
            async with alone(engine) as conn:
                there = await conn.execute(text("SELECT to_regclass(:name)"), {"name": partition.name})
                if there.scalar() is None:
                    await conn.exec_driver_sql("SELECT make_partition($1, $2, $3, $4)", tuple(partition))
    async with alone(engine) as conn:
        before = today - INBOX_KEPT
        await conn.exec_driver_sql("SELECT drop_inbox($1)", (before,))
        await conn.exec_driver_sql("DELETE FROM inbox WHERE recorded_at < $1", (before - timedelta(weeks=1),))


@asynccontextmanager
async def alone(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction while nobody else migrates, which waits LOCK_SECONDS for a lock: so long the service waits behind it."""
    async with engine.connect() as plain:
        conn = await plain.execution_options(isolation_level="READ COMMITTED")  # also where nothing else begins any
        async with conn.begin():
            await conn.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            await conn.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            yield conn


def _quarter(day: date, step: int) -> date:
    index = day.year * 4 + (day.month - 1) // 3 + step
    return date(index // 4, index % 4 * 3 + 1, 1)


def _uuid_floor(day: date) -> str:
    milliseconds = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"
