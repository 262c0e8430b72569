"""One event, one commit, by 16 callers, against the `eventsourcing` library on the same PostgreSQL."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

import uvloop
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from sqlalchemy.ext.asyncio import AsyncConnection

from bench.figure import Figure, Row, in_turn
from bench.stage import Stage
from deploy.provision import Database as Made
from shared.contracts.base import Message
from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Decider, Order, Outcome, Recorded, Slice
from shared.eventstore.execute import execute
from shared.eventstore.registry import Registry
from shared.eventstore.together import Together
from shared.ids import fresh_id

CALLERS = 16
_SAVE = f"eventsourcing: save of one event by {CALLERS} threads"
ROWS = (
    Row(
        name="execute",
        unit="events/s",
        what=f"one command by each of {CALLERS} callers who await its commit, event and message; commits are shared,"
        " as behind the API",
        against=_SAVE,
        reach=5,
        aim=7,
    ),
    Row(
        name="execute_alone",
        unit="events/s",
        what="the same with a transaction for each command",
        against=_SAVE,
    ),
)


@dataclass(frozen=True, slots=True)
class Noted:
    """What is recorded: the library's aggregate keeps the same."""

    by: UUID
    amount: int


class NoteTold(Message):
    """What is told of it."""

    TYPE: ClassVar[str] = "bench.note.noted"

    by: UUID
    amount: int


def _decide(state: Noted | None, command: Noted) -> Sequence[Noted]:
    return [command] if state is None else []


def _evolve(_: Noted | None, event: Noted) -> Noted:
    return event


def _publish(event: Noted, _state: Noted | None, _at: Recorded) -> Message:
    return NoteTold(by=event.by, amount=event.amount)


NOTE: Slice[Noted | None, Noted, Noted] = Slice(
    name="note", events=Registry({"note.noted": (1, Noted)}), decider=Decider(None, _decide, _evolve), publish=_publish
)


class Note(Aggregate):
    """The library's aggregate."""

    def __init__(self, by: UUID, amount: int) -> None:
        self.by = by
        self.amount = amount


@contextmanager
def _library(made: Made) -> Iterator[Application[UUID]]:
    settings = {"HOST": made.host, "PORT": str(made.port), "DBNAME": made.name, "USER": f"{made.service}_owner"}
    settings |= {"PASSWORD": made.passwords["owner"], "POOL_SIZE": str(CALLERS), "MAX_OVERFLOW": str(CALLERS)}
    app: Application[UUID] = Application(
        env={"PERSISTENCE_MODULE": "eventsourcing.postgres"} | {f"POSTGRES_{k}": v for k, v in settings.items()}
    )
    try:
        yield app
    finally:
        app.close()


class _Ours:
    """Our side, on the event loop that services run on, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._db = Database(url, size=CALLERS)
        self._together: Together[Order[Noted], Outcome[Any, Any]] = Together(self._carry_out)
        self._context = Context(
            instansi="bench", actor=fresh_id(), role="staff", now=datetime.now(UTC), correlation_id=str(fresh_id())
        )

    async def _carry_out(
        self, conn: AsyncConnection, orders: Sequence[Order[Noted]]
    ) -> list[Outcome[Any, Any] | Refusal]:
        return [done.refusal or done for done in await execute(conn, NOTE, self._context, orders)]

    def _order(self, n: int) -> Order[Noted]:
        return Order(fresh_id(), Noted(fresh_id(), n))

    async def shared(self, n: int) -> None:
        await self._together.do(self._db, "bench", self._order(n))

    async def alone(self, n: int) -> None:
        await self._db.run(partial(self._carry_out, orders=[self._order(n)]), "bench")

    async def round(self, one: Callable[[int], Awaitable[None]], count: int) -> float:
        """So many commands, by all callers."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, one, count)

    def _run(self, one: Callable[[int], Awaitable[None]], count: int) -> float:
        async def caller() -> None:
            for n in range(count // CALLERS):
                await one(n)

        async def everybody() -> float:
            started = time.perf_counter()
            await asyncio.gather(*(caller() for _ in range(CALLERS)))
            return count / (time.perf_counter() - started)

        return self._runner.run(everybody())

    def close(self) -> None:
        self._thread.submit(lambda: self._runner.run(self._db.close())).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


async def measure(stage: Stage) -> list[Figure]:
    """Rounds in turn. The library's table and ours lie in one database."""
    theirs = {"tiny": 160, "quick": 480, "full": 1_600}[stage.size]
    async with stage.database("activity") as made:
        ours = _Ours(made.url("api"))
        with _library(made) as app, ThreadPoolExecutor(CALLERS) as threads:

            def save(count: int) -> None:
                for n in range(count):
                    app.save(Note(fresh_id(), n))

            def saved() -> float:
                started = time.perf_counter()
                list(threads.map(save, [theirs // CALLERS] * CALLERS))
                return theirs / (time.perf_counter() - started)

            limit = partial(asyncio.to_thread, saved)
            shared = await in_turn(ROWS[0], partial(ours.round, ours.shared, theirs * 4), limit, stage.rounds)
            alone = await in_turn(ROWS[1], partial(ours.round, ours.alone, theirs), limit, min(stage.rounds, 3))
        ours.close()
    return [shared, alone]
