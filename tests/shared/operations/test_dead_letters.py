"""Dead letters are retried once from their rows, dropped, and whoever did it is on record."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.database import Database
from shared.messaging.dead_letters import Broken, keep
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription
from shared.operations import dead_letters
from shared.operations.dead_letters import By, NoSuchDeadLetter, StillDead, Unheard, Wanted
from tests.shared.eventstore.counter import Counted
from tests.shared.messaging.rig import POISON, SUBJECT, body, count, subscription, totals

DURABLE = "bare--bare--event"
ANI = By("ani", "handler mended")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def bury(
    db: Database, *payloads: bytes, durable: str = DURABLE, subject: str = SUBJECT, reason: str = "handler"
) -> list[int]:
    """Keep messages as a consumer would; their ids."""
    made: Any = []
    async with db.transaction() as conn:
        first = (await conn.execute(text("SELECT coalesce(max(stream_seq), 0) FROM dead_letters"))).scalar_one()
        now = (await conn.execute(text("SELECT now()"))).scalar_one()
    for number, payload in enumerate(payloads, first + 1):
        sent = SimpleNamespace(sequence=SimpleNamespace(stream=number), timestamp=now)
        made.append(SimpleNamespace(subject=subject, data=payload, headers={"traceparent": TRACE}, metadata=sent))
    await keep(db, durable, [Broken(each, None, reason, ValueError("first")) for each in made])
    return sorted(row["id"] for row in await dead_letters.listed(db, limit=len(payloads)))


async def test_a_retry_that_fails_leaves_the_letter_with_its_new_error_and_one_that_works_settles_it(
    worker: Database,
) -> None:
    source = uuid4()
    [letter] = await bury(worker, body(source, 1, POISON))
    with pytest.raises(StillDead, match="poison"):
        await dead_letters.retry(worker, [subscription()], letter, By("budi"))
    assert await totals(worker) == {}
    shown = await dead_letters.shown(worker, letter)
    assert (shown["error"], shown["tries"], shown["settled"]) == ("poison", 2, None)
    assert "ValueError: poison" in shown["trace"]

    heard: list[Received[Any]] = []

    async def healed(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        heard.extend(messages)

    await dead_letters.retry(worker, [subscription("event", healed)], letter, ANI)
    assert [(each.source, each.data.total, each.traceparent, each.stale) for each in heard] == [
        (source, POISON, TRACE, False)
    ]
    assert await dead_letters.listed(worker) == []
    shown = await dead_letters.shown(worker, letter)
    assert shown["settled"] == "retried"
    assert [(a["action"], a["who"], a["why"], a["outcome"]) for a in shown["actions"]] == [
        ("retry", "ani", "handler mended", "done"),
        ("retry", "budi", None, "poison"),
    ]
    for settled in (letter, letter + 1):
        with pytest.raises(NoSuchDeadLetter):
            await dead_letters.retry(worker, [subscription()], settled, ANI)


async def test_what_was_counted_by_delivery_is_not_counted_again_by_a_retry(worker: Database) -> None:
    source = uuid4()
    told = body(source, 1, 4)
    first, second = await bury(worker, told, told)
    for letter in (first, second):
        await dead_letters.retry(worker, [subscription()], letter, ANI)
    assert await totals(worker) == {source: 4}


class Gate:
    """A handler that counts and then waits to be let through."""

    def __init__(self) -> None:
        self.entered, self.open, self.calls = asyncio.Event(), asyncio.Event(), 0

    async def __call__(self, conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        self.calls += 1
        await count(conn, messages)
        self.entered.set()
        await self.open.wait()


async def test_two_operators_at_once_process_a_letter_once(worker: Database) -> None:
    source, gate = uuid4(), Gate()
    [letter] = await bury(worker, body(source, 1, 7))
    hears = [subscription("event", gate)]
    first = asyncio.create_task(dead_letters.retry(worker, hears, letter, ANI))
    await gate.entered.wait()
    with pytest.raises(NoSuchDeadLetter, match="somebody is at it"):
        await dead_letters.retry(worker, hears, letter, By("budi"))
    dropping = asyncio.create_task(dead_letters.drop(worker, Wanted(), By("citra", "no use")))
    await asyncio.sleep(0.2)
    assert not dropping.done()
    gate.open.set()
    await first
    assert await dropping == []
    assert (gate.calls, await totals(worker)) == (1, {source: 7})
    assert [action["who"] for action in await dead_letters.history(worker)] == ["ani"]


async def test_a_retry_killed_in_the_middle_did_nothing_and_can_be_repeated(worker: Database) -> None:
    source, gate = uuid4(), Gate()
    [letter] = await bury(worker, body(source, 1, 7))
    task = asyncio.create_task(dead_letters.retry(worker, [subscription("event", gate)], letter, ANI))
    await gate.entered.wait()
    task.cancel()
    await asyncio.wait({task})
    assert await totals(worker) == {}
    assert [(row["id"], row["tries"]) for row in await dead_letters.listed(worker)] == [(letter, 1)]
    await dead_letters.retry(worker, [subscription()], letter, ANI)
    assert await totals(worker) == {source: 7}


async def test_an_outage_counts_as_no_try(worker: Database) -> None:
    async def away(conn: AsyncConnection, messages: Sequence[Received[Counted]]) -> None:
        raise ConnectionRefusedError

    [letter] = await bury(worker, body(uuid4(), 1, 7))
    with pytest.raises(ConnectionRefusedError):
        await dead_letters.retry(worker, [subscription("event", away)], letter, ANI)
    assert [(row["tries"], row["error"]) for row in await dead_letters.listed(worker)] == [(1, "first")]
    assert await dead_letters.history(worker) == []


class CountedAnew(Counted):
    """What a later version of the program knows."""

    VERSION = 9


async def test_a_version_that_was_unknown_is_processed_once_the_program_knows_it(worker: Database) -> None:
    source = uuid4()
    told = body(source, 1, 3).replace(b"counted.v1", b"counted.v9")
    [letter] = await bury(worker, told, subject=SUBJECT[:-1] + "9", reason="contract")
    with pytest.raises(StillDead, match="none that this consumer reads"):
        await dead_letters.retry(worker, [subscription()], letter, ANI)
    newer = Subscription(durable=DURABLE, messages=(Counted, CountedAnew), handle=count, kind="event")
    await dead_letters.retry(worker, [newer], letter, ANI)
    assert await totals(worker) == {source: 3}


async def test_a_letter_that_nobody_hears_any_more_can_only_be_dropped(worker: Database) -> None:
    [letter] = await bury(worker, b"broken")
    with pytest.raises(Unheard, match="drop it"):
        await dead_letters.retry(worker, [], letter, ANI)
    assert await dead_letters.drop(worker, Wanted(ids=[letter]), By("ani", "nobody hears it")) == [letter]
    assert await dead_letters.drop(worker, Wanted(ids=[letter]), By("ani", "again")) == []
    [shown] = await dead_letters.listed(worker, Wanted(settled=True))
    assert (shown["settled"], await dead_letters.listed(worker)) == ("dropped", [])
    [action] = await dead_letters.history(worker, letter=letter)
    assert (action["action"], action["why"], action["outcome"]) == ("drop", "nobody hears it", "done")


async def test_letters_are_found_by_all_that_is_asked_for(worker: Database) -> None:
    medan = await bury(worker, *(b"a%d" % n for n in range(3)), reason="contract")
    [jambi] = await bury(worker, b"b", subject="kinerja.jambi.activity.entry.logged.v1")
    [other] = await bury(worker, b"c", durable="bare--other--state", subject="kinerja.medan.activity.entry.verified.v1")

    async def found(**wanted: Any) -> list[int]:
        ids = [row["id"] for row in await dead_letters.listed(worker, Wanted(**wanted))]
        assert await dead_letters.found(worker, Wanted(**wanted)) == sorted(ids)
        return ids

    assert await found() == [other, jambi, *reversed(medan)]
    assert await found(durable=DURABLE, reason="handler") == [jambi]
    assert await found(instansi="medan", reason="handler") == [other]
    assert await found(type="activity.entry") == [other, jambi]
    assert await found(type="activity.entry.logged") == [jambi]
    assert await found(type="%") == []
    assert await found(ids=[jambi, other], before=other) == [jambi]
    [row] = await dead_letters.listed(worker, Wanted(ids=[other]))
    assert await found(since=row["created_at"]) == [other]
    assert [row["id"] for row in await dead_letters.listed(worker, limit=2)] == [other, jambi]
    assert await dead_letters.drop(worker, Wanted(reason="contract"), By("ani", "a test")) == medan
    assert await found() == [other, jambi]
