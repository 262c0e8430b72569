"""The tables themselves: as the code believes they are, closed to other instansi, and safe under races."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.directory.proof import published_is_recorded
from services.directory.tables import DirectoryTable
from shared.contracts.base import Message, Renewed
from shared.eventstore.database import Database
from shared.messaging.envelope import decode
from tests.directory.conftest import MEDAN, Call
from tests.directory.test_catalogue import statuses
from tests.directory.world import NIPS, build_world, row

_FOREIGN = (
    "SELECT table_name, column_name, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = 'public'"
)


async def test_the_code_knows_every_column_as_it_was_migrated(worker: Database) -> None:
    async with worker.transaction() as conn:
        found: dict[str, set[tuple[str, bool]]] = {}
        for table, column, nullable in (await conn.execute(text(_FOREIGN))).all():
            found.setdefault(table, set()).add((column, nullable))
    known = {
        table.name: {(column.name, bool(column.nullable)) for column in table.columns}
        for table in DirectoryTable.metadata.sorted_tables
    }
    assert known == {name: columns for name, columns in found.items() if name in known}
    assert len(known) == 9


async def test_nobody_sees_the_tables_without_naming_an_instansi(medan: Call, addresses: Any) -> None:
    await build_world(medan)
    api = Database(addresses.url("api"))
    try:
        for instansi in (None, "", "jambi"):
            async with api.transaction(instansi) as conn:
                for name in [*DirectoryTable.metadata.tables, "heard_instansi", "heard_unit", "heard_assignment"]:
                    assert (await conn.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one() == 0
    finally:
        await api.close()


async def test_what_was_recorded_about_rules_assignments_and_lookups_cannot_be_changed(
    medan: Call, worker: Database
) -> None:
    await build_world(medan)
    for table in ("instansi_rules", "suspensions", "assignments", "lookups"):
        for statement in (f"UPDATE {table} SET instansi = 'x'", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="permission denied"):
                async with worker.transaction() as conn:
                    await conn.execute(text(statement))


async def test_the_same_roster_sent_many_times_at_once_is_entered_once(medan: Call, worker: Database) -> None:
    rows = [row(who) for who in NIPS]
    answers = await asyncio.gather(*(statuses(medan, "/roster/batch", rows) for _ in range(6)))
    assert sorted(answers) == [["created"] * 6, *[["unchanged"] * 6] * 5]
    async with worker.transaction() as conn:
        for table, count in (("employees", 6), ("assignments", 6), ("units", 3), ("outside_ids", 6)):
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == count
    assert await published_is_recorded(worker, None) == []


async def test_two_who_close_a_circle_at_once_do_not_both_succeed(medan: Call) -> None:
    await build_world(medan)
    day = {"valid_from": "2020-01-01", "valid_to": "2020-12-31", "superior_nip": None, "position_code": "LAMA"}
    first = row("siti") | day | {"superior_nip": NIPS["rudi"]}
    second = row("rudi") | day | {"superior_nip": NIPS["siti"]}
    answers = await asyncio.gather(*(statuses(medan, "/roster/batch", [one]) for one in (first, second)))
    assert sorted(code for [code] in answers) == ["changed", "superior-circular"]


async def test_an_instansi_registered_twice_at_once_is_registered_once(call: Call) -> None:
    answers = await asyncio.gather(*(call("PUT", "/instansi", MEDAN, roles=("system",)) for _ in range(6)))
    assert sorted(answer.json()["status"] for answer in answers) == ["created", *["unchanged"] * 5]


async def test_every_message_keeps_its_contract(medan: Call, worker: Database) -> None:
    await build_world(medan)
    types = tuple(kind for kind in Message.every() if kind.stream() == "DIRECTORY" and not issubclass(kind, Renewed))
    async with worker.transaction() as conn:
        rows = (await conn.execute(text("SELECT body, subject FROM outbox"))).all()
    received = [decode(body.encode(), subject, types) for body, subject in rows]
    assert {type(message.data) for message in received} == set(types)
    for (body, _), message in zip(rows, received, strict=True):
        assert orjson.loads(body)["data"] == message.data.model_dump(mode="json")


async def test_a_difference_between_record_and_message_is_proven(medan: Call, worker: Database) -> None:
    world = await build_world(medan)
    async with worker.transaction() as conn:
        await conn.execute(text("UPDATE employees SET active = false WHERE id = :id"), {"id": world.ids["siti"]})
        await conn.execute(text("DELETE FROM outside_ids"))
    assert [difference.where for difference in await published_is_recorded(worker, "medan")] == [
        f"published medan/{world.ids['siti']}"
    ]
