"""Shared commits: what comes at the same time goes together, and nobody pays for another."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.eventstore.database import Database, is_outage
from shared.eventstore.decider import Context, Order, Outcome
from shared.eventstore.execute import execute
from shared.eventstore.together import MOST, Together
from shared.ids import fresh_id
from shared.testing.waiting import until
from tests.shared.eventstore.counter import COUNTER, Add, TooMuch

Item = tuple[UUID, int, Context]


@dataclass
class Groups:
    """The work: adds to counters, breaks at an amount below zero. `met` has the sizes of groups, `gate` holds them up."""

    met: list[int] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False

    def __post_init__(self) -> None:
        self.gate.set()
        self.together: Together[Item, Outcome[Any, Any]] = Together(self.add)

    async def add(self, conn: AsyncConnection, items: Sequence[Item]) -> Sequence[Outcome[Any, Any] | Refusal]:
        self.met.append(len(items))
        await self.gate.wait()
        if any(amount < 0 for _, amount, _ in items):
            raise RuntimeError("an item that breaks the work")
        orders = [Order(stream, Add(amount), context=context) for stream, amount, context in items]
        outcomes = await execute(conn, COUNTER, items[0][2], orders)
        if self.cut:
            await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return [outcome.refusal or outcome for outcome in outcomes]


@pytest.fixture
async def groups() -> Groups:
    return Groups()


@pytest.fixture
async def adding(groups: Groups, api: Database, context: Context) -> Any:
    """Starts adding an amount to a counter of its own."""

    def start(amount: int = 1, stream: UUID | None = None, **who: Any) -> asyncio.Task[Outcome[Any, Any]]:
        meant = replace(context, **who)
        return asyncio.create_task(
            groups.together.do(api, meant.instansi, (stream or fresh_id(), amount, meant)), name=str(amount)
        )

    return start


async def behind(groups: Groups, start: Any, *amounts: int, **more: Any) -> list[asyncio.Task[Outcome[Any, Any]]]:
    """The first is under way, and the others gather behind it."""
    groups.gate.clear()
    tasks = [start(1)]
    await until(partial(_some, groups.met))
    tasks += [start(amount, **more) for amount in amounts]
    await asyncio.sleep(0.01)
    return tasks


async def _locked(db: Database) -> bool:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with db.transaction() as conn:
        return bool((await conn.execute(text(sql))).scalar_one())


async def _met(groups: Groups, sizes: list[int]) -> bool:
    return groups.met == sizes


async def _some(found: Sequence[Any]) -> bool:
    return bool(found)


async def counted(db: Database, instansi: str = "medan") -> list[int]:
    """What stands in each counter, by events as by rows, with one message for each event."""
    async with db.transaction(instansi) as conn:
        sums = "SELECT sum((data->>'amount')::int) AS total FROM events GROUP BY stream ORDER BY total"
        events = list((await conn.execute(text(sums))).scalars())
        assert events == list((await conn.execute(text("SELECT total FROM counter ORDER BY total"))).scalars())
        told = (
            await conn.execute(text("SELECT (SELECT count(*) FROM outbox) - (SELECT count(*) FROM events)"))
        ).scalar()
        assert told == 0
        return events


async def test_what_comes_while_one_is_under_way_goes_together_in_the_next(
    groups: Groups, adding: Any, api: Database
) -> None:
    tasks = await behind(groups, adding, 2, 3, 4)
    assert not any(task.done() for task in tasks)
    groups.gate.set()
    assert [done.state.total for done in await asyncio.gather(*tasks)] == [1, 2, 3, 4]
    assert groups.met == [1, 3]
    assert await counted(api) == [1, 2, 3, 4]
    assert (await adding(5)).version == 1, "idle again: it goes at once"
    assert groups.met == [1, 3, 1]


async def test_a_group_has_a_size(groups: Groups, adding: Any, api: Database) -> None:
    tasks = await behind(groups, adding, *[1] * (MOST + 5))
    groups.gate.set()
    await asyncio.gather(*tasks)
    assert groups.met == [1, MOST, 5]
    assert sum(await counted(api)) == MOST + 6


async def test_each_event_tells_who_acted_and_with_which_request(groups: Groups, adding: Any, api: Database) -> None:
    one, other = fresh_id(), fresh_id()
    tasks = await behind(groups, adding)
    tasks += [adding(2, actor=one, correlation_id="one"), adding(3, actor=other, correlation_id="other")]
    groups.gate.set()
    await asyncio.gather(*tasks)
    async with api.transaction("medan") as conn:
        rows = await conn.execute(text("SELECT meta->>'actor', meta->>'correlation_id' FROM events ORDER BY data"))
        assert [tuple(row) for row in rows] == [(None, "test"), (str(one), "one"), (str(other), "other")]


async def test_a_refusal_is_that_of_one(groups: Groups, adding: Any, api: Database) -> None:
    stream = fresh_id()
    tasks = await behind(groups, adding, 6, 6, stream=stream)
    tasks.append(adding(3))
    groups.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Outcome, Outcome, TooMuch, Outcome]
    assert await counted(api) == [1, 3, 6]


async def test_an_item_that_breaks_the_work_costs_the_others_nothing(
    groups: Groups, adding: Any, api: Database
) -> None:
    tasks = await behind(groups, adding, 2, -1, 4)
    groups.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Outcome, Outcome, RuntimeError, Outcome]
    assert groups.met == [1, 3, 1, 1, 1]
    assert await counted(api) == [1, 2, 4]


async def test_a_message_too_large_is_refused_alone(groups: Groups, adding: Any, api: Database) -> None:
    tasks = await behind(groups, adding, 2)
    tasks.append(adding(3, correlation_id="x" * 300_000))
    groups.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(outcome, "code", None) for outcome in outcomes] == [None, None, "message-too-large"]
    assert await counted(api) == [1, 2]


async def test_whoever_leaves_takes_at_most_their_own_item_along(groups: Groups, adding: Any, api: Database) -> None:
    tasks = await behind(groups, adding, 2, 3)
    tasks[0].cancel()  # under way: it is recorded all the same
    tasks[1].cancel()  # not begun yet
    await asyncio.sleep(0.01)
    groups.gate.set()
    assert (await tasks[2]).state.total == 3
    assert [task.cancelled() for task in tasks] == [True, True, False]
    assert await counted(api) == [1, 3]


async def test_agencies_do_not_wait_for_one_another(groups: Groups, adding: Any, api: Database) -> None:
    tasks = await behind(groups, adding, 2)
    elsewhere = adding(7, instansi="jambi")
    await until(partial(_met, groups, [1, 1]))
    groups.gate.set()
    await asyncio.gather(*tasks, elsewhere)
    assert (await counted(api), await counted(api, "jambi")) == ([1, 2], [7])


async def test_killed_before_the_commit_nothing_stays_and_everybody_hears_of_the_outage(
    groups: Groups, adding: Any, api: Database
) -> None:
    streams = [fresh_id() for _ in range(3)]
    tasks = await behind(groups, adding)
    tasks += [adding(amount, stream) for amount, stream in zip((2, 3, 4), streams, strict=True)]
    groups.cut = True
    groups.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, Exception) and is_outage(outcome) for outcome in outcomes), outcomes
    assert groups.met == [1, 3], "an outage is not asked about one by one"
    groups.cut = False
    assert await counted(api) == []
    repeated = [adding(amount, stream) for amount, stream in zip((2, 3, 4), streams, strict=True)]
    assert [done.version for done in await asyncio.gather(*repeated)] == [1, 1, 1]
    assert await counted(api) == [2, 3, 4]


async def test_a_group_that_lost_a_race_is_carried_out_again_as_a_group(
    groups: Groups, adding: Any, api: Database, bare: Any
) -> None:
    stream = fresh_id()
    rival = await asyncpg.connect(bare.url("api", "postgresql"))  # the same role sees what its connections wait for
    await rival.execute("BEGIN; SELECT set_config('kinerja.instansi', 'medan', true)")
    await rival.execute(
        "INSERT INTO events (instansi, stream, version, type, schema, data, meta, occurred_at)"
        f" VALUES ('medan', '{stream}', 1, 'counter.added', 1, '{{\"amount\": 4}}', '{{}}', now())"
    )
    tasks = [adding(2, stream)]

    await until(partial(_locked, api), 20)
    await rival.execute("COMMIT")
    await rival.close()
    [done] = await asyncio.gather(*tasks)
    assert (done.version, done.state.total) == (2, 6)
    assert groups.met == [1, 1]
