"""Mark, event, row, message and stored answer stand together or not at all, wherever the writer dies."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database, is_outage
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.ids import fresh_id
from shared.web.idempotency import Answer, IdempotencyKey, answer_once
from tests.shared.eventstore.counter import COUNTER, Add

KEY = IdempotencyKey("medan", b"key", b"body")
TABLES = ("idempotency", "events", "counter", "outbox")


async def add_three(db: Database, context: Context, stream: UUID) -> Answer:
    """A command as a route carries it out."""

    async def work(conn: AsyncConnection) -> Answer:
        async def produce() -> Answer:
            [outcome] = await execute(conn, COUNTER, context, [Order(stream, Add(3))])
            return Answer(200, {"version": outcome.accepted().version})

        return await answer_once(conn, KEY, produce)

    return await db.run(work, "medan")


async def counts(db: Database) -> list[int]:
    async with db.transaction("medan") as conn:
        return [(await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in TABLES]


class Killer:
    """Cuts the connection before the n-th thing that is sent: a statement, or the commit after the last."""

    def __init__(self, db: Database, n: int) -> None:
        self.db, self.n = db, n
        self.sent: list[str] = []

    def __enter__(self) -> "Killer":
        event.listen(self.db.engine.sync_engine, "before_cursor_execute", self._statement)
        event.listen(self.db.engine.sync_engine, "commit", self._commit)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.db.engine.sync_engine, "before_cursor_execute", self._statement)
        event.remove(self.db.engine.sync_engine, "commit", self._commit)

    def _statement(self, conn: Any, _cursor: Any, sql: str, *_: Any) -> None:
        self._send(conn, sql)

    def _commit(self, conn: Any) -> None:
        self._send(conn, "COMMIT")

    def _send(self, conn: Any, what: str) -> None:
        self.sent.append(what)
        if len(self.sent) == self.n:
            conn.connection.driver_connection.terminate()


async def test_a_writer_killed_before_any_statement_or_the_commit_leaves_nothing_and_the_repeat_everything_once(
    api: Database, context: Context
) -> None:
    stream, sent = fresh_id(), list[str]()
    while "COMMIT" not in sent:
        with Killer(api, len(sent) + 1) as killer, pytest.raises(DBAPIError) as death:
            await add_three(api, context, stream)
        assert is_outage(death.value)
        assert len(killer.sent) == len(sent) + 1, "the statements before it went through"
        sent = killer.sent
        assert await counts(api) == [0, 0, 0, 0], f"killed before: {sent[-1]}"
    writes = [sql for sql in sent if any(f"INSERT INTO {table}" in sql for table in ("events", "counter", "outbox"))]
    assert len(writes) == 1, "event, row and message are one statement"
    assert len(sent) == 6  # instansi, mark, load, write, answer, commit

    done = await add_three(api, context, stream)
    assert await counts(api) == [1, 1, 1, 1]
    # Whoever was killed after the commit, before they heard of it, asks again and gets the same answer.
    assert await add_three(api, context, stream) == done == Answer(200, {"version": 1})
    assert await counts(api) == [1, 1, 1, 1]
