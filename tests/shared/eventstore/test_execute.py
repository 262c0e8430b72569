"""The store on real PostgreSQL: what is accepted is recorded once, whole, and in order."""

import asyncio
from dataclasses import replace
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import StaleVersion
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute, load
from shared.eventstore.outbox import MAX_BYTES, MessageTooLarge
from shared.ids import fresh_id
from shared.operations.rebuild import prove, rebuild
from tests.shared.eventstore.counter import COUNTER, Add


async def test_a_command_leaves_event_row_and_message(api: Database, context: Context) -> None:
    stream = fresh_id()
    [outcome] = await api.run(lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(3))]), "medan")
    assert (outcome.version, outcome.state.total) == (1, 3)
    async with api.transaction("medan") as conn:
        assert (await conn.execute(text("SELECT id, version, total FROM counter"))).all() == [(stream, 1, 3)]
        [body] = (await conn.execute(text("SELECT body FROM outbox"))).scalars()
    message = orjson.loads(body)
    assert message["type"] == "id.go.kinerja.bare.counter.counted.v1"
    assert (message["sourceversion"], message["epoch"], message["data"]) == (1, 1, {"total": 3})
    assert (message["instansi"], message["correlationid"]) == ("medan", "test")


async def test_a_batch_accepts_and_refuses_each_item_by_itself(api: Database, context: Context) -> None:
    good, bad = fresh_id(), fresh_id()
    orders = [Order(good, Add(4)), Order(bad, Add(11)), Order(good, Add(5)), Order(good, Add(5))]
    outcomes = await api.run(lambda conn: execute(conn, COUNTER, context, orders), "medan")
    assert [o.refusal.code if o.refusal else o.version for o in outcomes] == [1, "too-much", 2, "too-much"]
    async with api.transaction("medan") as conn:
        version, state, history = await load(conn, COUNTER, "medan", good)
        assert (version, state.total, [event.amount for event, _ in history]) == (2, 9, [4, 5])
        assert (await load(conn, COUNTER, "medan", bad))[0] == 0


async def test_an_id_of_another_kind_of_record_is_refused_and_costs_the_others_nothing(
    api: Database, context: Context
) -> None:
    taken, good = fresh_id(), fresh_id()
    await api.run(lambda conn: execute(conn, COUNTER, context, [Order(taken, Add(3))]), "medan")
    other = replace(COUNTER, name="meter")
    orders = [Order(taken, Add(1)), Order(good, Add(1))]
    outcomes = await api.run(lambda conn: execute(conn, other, context, orders), "medan")
    assert [o.refusal.code if o.refusal else o.version for o in outcomes] == ["id-used-with-other-content", 1]
    async with api.transaction("medan") as conn:
        assert (await load(conn, COUNTER, "medan", taken))[0] == 1


async def test_a_command_that_changes_nothing_records_nothing(api: Database, context: Context) -> None:
    stream = fresh_id()
    [outcome] = await api.run(lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(0))]), "medan")
    assert (outcome.version, outcome.changed) == (0, False)
    async with api.transaction("medan") as conn:
        assert (await conn.execute(text("SELECT count(*) FROM events"))).scalar_one() == 0


async def test_a_sender_who_saw_an_older_version_is_refused(api: Database, context: Context) -> None:
    stream = fresh_id()
    orders = [Order(stream, Add(1), expected=0), Order(stream, Add(1), expected=0)]
    outcomes = await api.run(lambda conn: execute(conn, COUNTER, context, orders), "medan")
    assert outcomes[0].changed
    with pytest.raises(StaleVersion):
        outcomes[1].accepted()


async def test_thirty_concurrent_creators_of_one_stream_have_one_winner(api: Database, context: Context) -> None:
    stream = fresh_id()

    async def create() -> bool:
        [outcome] = await api.run(
            lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(1), expected=0)]), "medan"
        )
        return outcome.changed

    assert sum(await asyncio.gather(*(create() for _ in range(30)))) == 1


async def test_concurrent_appenders_all_get_through_without_a_gap(api: Database, context: Context) -> None:
    stream = fresh_id()

    async def add() -> None:
        await api.run(lambda conn: execute(conn, COUNTER, context, [Order(stream, Add(1))]), "medan")

    await asyncio.gather(*(add() for _ in range(10)))
    async with api.transaction("medan") as conn:
        version, state, _ = await load(conn, COUNTER, "medan", stream)
    assert (version, state.total) == (10, 10)


async def test_nothing_stays_when_the_transaction_dies_before_its_end(api: Database, context: Context) -> None:
    async def dies(conn: AsyncConnection) -> None:
        await execute(conn, COUNTER, context, [Order(fresh_id(), Add(3))])
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await api.run(dies, "medan")
    async with api.transaction("medan") as conn:
        for table in ("events", "outbox", "counter"):
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


async def test_a_message_too_large_for_the_road_is_refused_and_nothing_is_recorded(
    api: Database, context: Context
) -> None:
    chatty = replace(context, correlation_id="x" * MAX_BYTES)
    with pytest.raises(MessageTooLarge):
        await api.run(lambda conn: execute(conn, COUNTER, chatty, [Order(fresh_id(), Add(3))]), "medan")
    async with api.transaction("medan") as conn:
        assert (await conn.execute(text("SELECT count(*) FROM events"))).scalar_one() == 0


async def test_only_a_taken_version_is_a_lost_race(api: Database, bare: Any, context: Context) -> None:
    owner = Database(bare.url("owner"))
    async with owner.transaction() as conn:
        await conn.execute(text("CREATE UNIQUE INDEX other_events ON counter (instansi, total)"))
    await owner.close()
    orders = [Order(fresh_id(), Add(3)), Order(fresh_id(), Add(3))]
    with pytest.raises(asyncpg.UniqueViolationError, match="other_events"):
        await api.run(lambda conn: execute(conn, COUNTER, context, orders), "medan")


async def test_the_api_role_sees_and_writes_one_instansi_only(api: Database, context: Context) -> None:
    await api.run(lambda conn: execute(conn, COUNTER, context, [Order(fresh_id(), Add(3))]), "medan")
    for other in ("jambi", ""):
        async with api.transaction(other) as conn:
            for table in ("events", "outbox", "counter"):
                assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
    async with api.transaction() as conn:
        assert (await conn.execute(text("SELECT count(*) FROM counter"))).scalar_one() == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await api.run(lambda conn: execute(conn, COUNTER, context, [Order(fresh_id(), Add(3))]), "jambi")


async def test_events_cannot_be_changed_or_removed(api: Database, worker: Database, context: Context) -> None:
    await api.run(lambda conn: execute(conn, COUNTER, context, [Order(fresh_id(), Add(3))]), "medan")
    for db in (api, worker):
        for statement in ("UPDATE events SET version = 2", "DELETE FROM events"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with db.transaction("medan") as conn:
                    await conn.execute(text(statement))


async def test_rebuild_restores_what_was_damaged_and_prove_sees_it(
    api: Database, worker: Database, context: Context
) -> None:
    streams = sorted(fresh_id() for _ in range(3))
    for instansi in ("medan", "jambi"):
        orders: list[Any] = [Order(stream, Add(2)) for stream in streams] + [Order(streams[0], Add(3))]
        async with api.transaction(instansi) as conn:
            await execute(conn, COUNTER, replace(context, instansi=instansi), orders)
    async with worker.transaction() as conn:
        await conn.execute(text("DELETE FROM outbox"))
    assert await prove(worker, [COUNTER]) == []
    async with worker.transaction() as conn:
        await conn.execute(text("UPDATE counter SET total = 77 WHERE id = :id"), {"id": streams[0]})
        await conn.execute(text("DELETE FROM counter WHERE id = :id AND instansi = 'medan'"), {"id": streams[1]})
        await conn.execute(text("UPDATE counter SET id = :new WHERE id = :id"), {"new": fresh_id(), "id": streams[2]})
    assert len(await prove(worker, [COUNTER])) == 2 + 1 + 2 + 2
    assert await rebuild(worker, COUNTER) == (5, 2)
    assert await prove(worker, [COUNTER]) == []
