"""Mark, text, event, row, message and stored answer stand together or not at all, wherever the writer dies."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.texts import keep
from shared.eventstore.together import Together
from shared.ids import fresh_id
from shared.operations.rebuild import prove, rebuild
from shared.web.idempotency import Answer, IdempotencyKey, answer_once
from tests.killing import killed_at_every_write
from tests.shared.eventstore.counter import COUNTER, Add

TABLES = ("idempotency", "text_salts", "texts", "events", "counter", "outbox")
CONTEXT = Context(instansi="medan", actor=None, role="staff", now=datetime.now(UTC), correlation_id="test")


async def add_three(url: str, stream: UUID) -> Answer:
    """A command with words, as a route carries it out."""

    async def work(conn: AsyncConnection) -> Answer:
        async def produce() -> Answer:
            await keep(conn, "medan", [(stream, stream, "words")])
            [outcome] = await execute(conn, COUNTER, CONTEXT, [Order(stream, Add(3))])
            return Answer(200, {"version": outcome.accepted().version})

        return await answer_once(conn, IdempotencyKey("medan", stream.bytes, b"body"), produce)

    db = Database(url)
    try:
        return await db.run(work, "medan")
    finally:
        await db.close()


def ask(bare: Any, *statements: str) -> list[Any]:
    """The first values of statements, as the worker."""

    async def answers() -> list[Any]:
        conn = await asyncpg.connect(bare.url("worker", "postgresql"))
        try:
            return [await conn.fetchval(statement) for statement in statements]
        finally:
            await conn.close()

    return asyncio.run(answers())


def counts(bare: Any) -> list[int]:
    return ask(bare, *(f"SELECT count(*) FROM {table}" for table in TABLES))


def met(writes: Sequence[str], *parts: str) -> None:
    """These were among the writes that were met."""
    missing = [part for part in parts if not any(part in write for write in writes)]
    assert not missing, f"{missing} not in {writes}"


@pytest.mark.parametrize("torn", [False, True], ids=["before a write", "in the middle of a write"])
def test_a_writer_killed_anywhere_leaves_all_or_nothing_and_the_repeat_makes_it_once(bare: Any, torn: bool) -> None:
    url, stream, writes, before = bare.url("api"), fresh_id(), list[str](), list[int]()
    for n, writes in enumerate(killed_at_every_write(lambda: add_three(url, stream), since="set_config", torn=torn), 1):  # noqa: B023
        found = set(counts(bare))
        assert found in ({n - 1}, {n}), f"killed at {writes[-1]}"
        before += [n] if found == {n - 1} else []
        assert asyncio.run(add_three(url, stream)) == Answer(200, {"version": 1}), "the answer it never got"
        assert set(counts(bare)) == {n}
        stream = fresh_id()
    met(
        writes,
        "set_config",
        "INSERT INTO idempotency",
        "text_salts",
        "INSERT INTO texts",
        "events e",
        "INSERT INTO events",
    )
    met(writes, "UPDATE idempotency", "COMMIT")
    commit = next(at for at, write in enumerate(writes, 1) if "COMMIT" in write)
    assert before == list(range(1, commit + 1)), "whoever did not send COMMIT left nothing, whoever did everything"


def test_a_rebuild_killed_anywhere_is_finished_by_the_next(bare: Any) -> None:
    streams = [fresh_id() for _ in range(3)]
    for stream in streams:
        asyncio.run(add_three(bare.url("api"), stream))
    writes = list[str]()

    async def over(work: Any) -> Any:
        db = Database(bare.url("worker"))
        try:
            return await work(db)
        finally:
            await db.close()

    def spoil() -> None:
        """One row is wrong, one is missing, one has no stream."""
        ask(bare, "DELETE FROM counter WHERE id NOT IN (SELECT stream FROM events)")
        ask(
            bare,
            f"UPDATE counter SET total = 9 WHERE id = '{streams[0]}'",
            f"DELETE FROM counter WHERE id = '{streams[1]}'",
        )
        ask(bare, f"INSERT INTO counter VALUES ('medan', '{fresh_id()}', 1, 7)")

    spoil()
    killed = killed_at_every_write(lambda: over(lambda db: rebuild(db, COUNTER)), since="events")
    for writes in killed:
        asyncio.run(over(lambda db: rebuild(db, COUNTER)))
        wrong = asyncio.run(over(lambda db: prove(db, [COUNTER], patience=0)))
        assert [found.where for found in wrong] == ["outbox"], f"killed at {writes[-1]}"
        spoil()
    met(writes, "INSERT INTO counter", "DELETE FROM counter")


def test_callers_who_share_a_commit_die_with_it_and_each_repeat_makes_theirs_once(bare: Any) -> None:
    streams, writes = [fresh_id() for _ in range(3)], list[str]()

    async def add(conn: AsyncConnection, orders: Sequence[Order[Add]]) -> list[Any]:
        return await execute(conn, COUNTER, CONTEXT, orders)

    async def command(shared: Together[Order[Add], Any], db: Database, turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await shared.do(db, "medan", Order(streams[turns // 3], Add(3), expected=0))

    async def together() -> None:
        """The first goes alone, the others together behind it; a repeat finds what is there and adds nothing."""
        db, shared = Database(bare.url("api")), Together(add)
        await asyncio.gather(*(command(shared, db, turns) for turns in (0, 3, 6)))
        await db.close()

    for n, writes in enumerate(killed_at_every_write(together, since="set_config")):
        there, *tables = ask(bare, *(f"SELECT count(*) FROM {table}" for table in ("events", "counter", "outbox")))
        assert tables == [there, there], "event, row and message stand together"
        assert there - 3 * n in {0, 1, 3}, f"killed at {writes[-1]}"
        asyncio.run(together())
        assert ask(bare, "SELECT count(*) FROM events") == [3 * n + 3], "what was done is refused, the rest is done"
        streams = [fresh_id() for _ in range(3)]
    assert len([write for write in writes if "COMMIT" in write]) == 2
