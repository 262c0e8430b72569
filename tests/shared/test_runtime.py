"""What runs beside a service's own work."""

from typing import Any

import asyncpg
from sqlalchemy import text

from shared.eventstore.database import Database
from shared.runtime import HOUSEKEEPING, Service, Worker
from shared.web.settings import Settings

#: Statements that leave one row of each kind and age in days, and the days after which it has served.
_OLD = {
    "idempotency": (
        7,
        "INSERT INTO idempotency (instansi, key, body_hash, created_at)"
        " SELECT 'medan', int4send(days), '', now() - make_interval(days => days) FROM unnest($1::int[]) AS days",
    ),
    "tries": (
        90,
        "INSERT INTO tries (durable, event_id, count, error, last_at)"
        " SELECT 'd', days, 1, '', now() - make_interval(days => days) FROM unnest($1::int[]) AS days",
    ),
    "dead_letters": (
        90,
        "INSERT INTO dead_letters (durable, stream_seq, sent_at, subject, payload, headers, reason, error, trace, tries,"
        " settled_at) SELECT 'd', days, now(), 's', '', '{}', 'handler', '', '', 1, now() - make_interval(days => days)"
        " FROM unnest($1::int[]) AS days",
    ),
    "dead_letter_actions": (
        365,
        "INSERT INTO dead_letter_actions (letter, durable, action, who, outcome, at)"
        " SELECT days, 'd', 'retry', 'ani', 'done', now() - make_interval(days => days) FROM unnest($1::int[]) AS days",
    ),
}


async def test_what_has_served_is_forgotten_and_open_dead_letters_never(worker: Database) -> None:
    async with worker.transaction() as conn:
        for served, statement in _OLD.values():
            await conn.exec_driver_sql(statement, ([served - 1, served + 1],))
        await conn.exec_driver_sql(_OLD["dead_letters"][1], ([1000],))
        await conn.execute(text("UPDATE dead_letters SET settled_at = NULL WHERE stream_seq = 1000"))
    await HOUSEKEEPING.run(worker)
    left: dict[str, list[Any]] = {}
    async with worker.transaction() as conn:
        for table in _OLD:
            left[table] = list((await conn.execute(text(f"SELECT * FROM {table}"))).all())
    assert {table: len(rows) for table, rows in left.items()} == {
        "idempotency": 1,
        "tries": 1,
        "dead_letters": 2,
        "dead_letter_actions": 1,
    }
    assert [row.event_id for row in left["tries"]] == ["89"]


async def test_status_tells_the_size_and_what_no_partition_was_made_for(bare: Any, worker: Database) -> None:
    service = Worker(Service(name="bare", title="Bare"), Settings(), worker)
    assert (await service.status())["outside_partitions"] == 0
    async with worker.transaction() as conn:
        await conn.execute(
            text(
                "INSERT INTO inbox (durable, event_id, recorded_at)"
                " SELECT 'd', gen_random_uuid(), '2050-01-01' FROM generate_series(1, 3)"
            )
        )
    owner: asyncpg.Connection[Any] = await asyncpg.connect(bare.url("owner", "postgresql"))
    await owner.execute("ANALYZE inbox_other")
    assert (await service.status())["outside_partitions"] == 3
    assert (await service.status())["database_bytes"] == await owner.fetchval(
        "SELECT pg_database_size(current_database())"
    )
    await owner.close()
