"""Rebuild and prove beside people at work."""

import asyncio
import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from shared.eventstore import history
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.registry import UnknownEvent
from shared.ids import fresh_id
from shared.operations.rebuild import prove, rebuild
from tests.shared.eventstore.counter import COUNTER, Add

ROUNDS = 8


async def _write(api: Database, context: Context, made: list[UUID], end: asyncio.Event, seed: int) -> None:
    """One writer: new counters, and steps of those there are."""
    dice = random.Random(seed)
    while not end.is_set():
        streams = {fresh_id(), *dice.sample(made, min(3, len(made)))}
        orders: list[Order[Any]] = [Order(stream, Add(1)) for stream in sorted(streams)]
        await api.run(lambda conn, orders=orders: execute(conn, COUNTER, context, orders), context.instansi)  # type: ignore[misc]
        made.extend(streams - set(made))


async def _watch(worker: Database, end: asyncio.Event) -> int:
    """Looks at all rows again and again: none may lose its place or a version. Returns how often it looked."""
    seen: dict[tuple[str, UUID], int] = {}
    looks = 0
    while not end.is_set():
        async with worker.transaction() as conn:
            rows = (await conn.execute(text("SELECT instansi, id, version FROM counter WHERE total >= 0"))).all()
        now = {(row[0], row[1]): row[2] for row in rows}
        assert [key for key, version in seen.items() if now.get(key, 0) < version] == []
        seen, looks = now, looks + 1
    return looks


async def test_a_rebuild_beside_writers_takes_nothing_back_and_removes_only_orphans(
    api: Database, worker: Database, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 7)
    end, people = asyncio.Event(), [context, replace(context, instansi="jambi")]
    writers = [asyncio.create_task(_write(api, each, [], end, seed)) for seed, each in enumerate(people * 2)]
    watcher = asyncio.create_task(_watch(worker, end))
    removed = 0
    for _ in range(ROUNDS):
        async with worker.transaction() as conn:  # an orphan below zero, which the watcher does not count
            await conn.execute(text("INSERT INTO counter VALUES ('medan', :id, 9, -1)"), {"id": fresh_id()})
        removed += (await rebuild(worker, COUNTER))[1]
    end.set()
    await asyncio.gather(*writers)
    assert await watcher > 0
    assert removed == ROUNDS
    assert await _strangers(worker) == []


async def test_rows_damaged_beside_writers_are_right_after_the_last_rebuild(
    api: Database, worker: Database, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 7)
    end, made = asyncio.Event(), []  # type: ignore[var-annotated]
    writers = [asyncio.create_task(_write(api, context, made, end, seed)) for seed in range(3)]
    for _ in range(ROUNDS):
        async with worker.transaction() as conn:
            await conn.execute(text("UPDATE counter SET total = 77 WHERE random() < 0.3"))
            await conn.execute(text("DELETE FROM counter WHERE random() < 0.1"))
        await rebuild(worker, COUNTER)
    assert await _strangers(worker) == []
    end.set()
    await asyncio.gather(*writers)
    assert len(made) > ROUNDS
    assert await _strangers(worker) == []


async def _strangers(worker: Database) -> list[Any]:
    """Counters whose row is not what SQL makes of their events, at one moment."""
    async with worker.transaction() as conn:
        return list(
            (
                await conn.execute(
                    text(
                        "SELECT * FROM (SELECT instansi, stream AS id, max(version) AS version,"
                        " sum((data ->> 'amount')::int) AS total FROM events GROUP BY 1, 2) e"
                        " FULL JOIN counter c USING (instansi, id) WHERE (e.version, e.total) IS DISTINCT FROM (c.version, c.total)"
                    )
                )
            ).all()
        )


async def test_prove_tells_no_difference_of_a_service_at_work(
    api: Database, worker: Database, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PAGE", 7)
    end = asyncio.Event()
    writers = [asyncio.create_task(_write(api, context, [], end, seed)) for seed in range(3)]

    async def relay() -> None:
        while not end.is_set():
            async with worker.transaction() as conn:
                await conn.execute(text("DELETE FROM outbox"))

    sender = asyncio.create_task(relay())
    for _ in range(ROUNDS):
        assert await prove(worker, [COUNTER]) == []
    end.set()
    await asyncio.gather(*writers, sender)


async def test_prove_names_events_that_cannot_be_told_and_states_without_a_type(
    api: Database, worker: Database, bare: Any, context: Context
) -> None:
    [good, bad, large] = sorted(fresh_id() for _ in range(3))
    for stream in (good, bad, large):
        await api.run(lambda conn, stream=stream: execute(conn, COUNTER, context, [Order(stream, Add(1))]), "medan")  # type: ignore[misc]
    owner = await asyncpg.connect(bare.url("owner", "postgresql"))
    await owner.execute("DELETE FROM outbox")
    await owner.execute("""UPDATE events SET data = '{"amount": "many"}' WHERE stream = $1""", bad)
    long = """UPDATE events SET meta = jsonb_build_object('correlation_id', repeat('x', 300000)) WHERE stream = $1"""
    await owner.execute(long, large)
    await owner.execute(
        "INSERT INTO published (instansi, source, version, type, content, meta, occurred_at)"
        " VALUES ('medan', $1, 1, 'id.go.kinerja.bare.gone.v1', '{}', '{}', now())",
        good,
    )
    await owner.close()
    found = await prove(worker, [COUNTER], patience=0)
    assert [difference.where for difference in found] == [
        f"counter medan/{bad}",
        f"counter medan/{large}",
        f"published medan/{good}",
    ]


async def test_prove_waits_for_a_relay_at_work_and_tells_what_stays(
    api: Database, worker: Database, context: Context
) -> None:
    await api.run(lambda conn: execute(conn, COUNTER, context, [Order(fresh_id(), Add(1))]), "medan")
    [waits] = await prove(worker, [COUNTER], patience=0)
    assert (waits.where, waits.what) == ("outbox", "1 messages wait for the relay")
    proof = asyncio.create_task(prove(worker, [COUNTER], patience=30))
    await asyncio.sleep(0.5)
    async with worker.transaction() as conn:
        await conn.execute(text("DELETE FROM outbox"))
    assert await proof == []


async def _newer(worker: Database, stream: UUID, version: int) -> None:
    """What a newer version appends to a counter, with its row."""
    async with worker.transaction() as conn:
        await conn.execute(
            text(
                "INSERT INTO events (instansi, stream, version, occurred_at, recorded_at, meta, type, schema, data)"
                " SELECT instansi, stream, :v, occurred_at, now(), meta, 'counter.doubled', 1, '{}'"
                " FROM events WHERE stream = :id AND version = 1"
            ),
            {"id": stream, "v": version},
        )
        await conn.execute(
            text("UPDATE counter SET version = :v, total = 4 WHERE id = :id"), {"id": stream, "v": version}
        )


async def test_what_a_newer_version_wrote_is_left_alone_and_everything_else_rebuilt(
    bare: Any, api: Database, worker: Database, context: Context
) -> None:
    owner: asyncpg.Connection[Any] = await asyncpg.connect(bare.url("owner", "postgresql"))
    await owner.execute("ALTER TABLE counter ADD COLUMN added integer")
    ours, theirs = fresh_id(), fresh_id()
    orders: list[Order[Any]] = [Order(ours, Add(2)), Order(theirs, Add(2))]
    await api.run(lambda conn: execute(conn, COUNTER, context, orders), "medan")
    await _newer(worker, theirs, 2)
    await owner.execute("UPDATE counter SET added = 1")
    told = [difference.what for difference in await prove(worker, [COUNTER], patience=0)]
    assert len(told) == 2  # nobody sends what waits in the outbox, either
    assert "unknown event counter.doubled" in told[0]

    await owner.execute("UPDATE counter SET total = 9 WHERE id = $1", ours)
    with pytest.raises(UnknownEvent, match="counter: 1 streams"):
        await rebuild(worker, COUNTER)
    rows = await owner.fetch("SELECT id, version, total, added FROM counter")
    assert {tuple(row) for row in rows} == {(ours, 1, 2, 1), (theirs, 2, 4, 1)}
    await owner.close()
