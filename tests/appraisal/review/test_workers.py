"""Two workers at once lose nothing: whoever comes second waits, then sums what both wrote."""

import asyncio
from decimal import Decimal
from typing import Any

from services.appraisal.hears_activity.handlers import ENTRIES
from services.appraisal.hears_directory.handlers import PEOPLE
from shared.eventstore.database import Database
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Tell, plan
from tests.appraisal.world import entry, indicator

PERCENT = "SELECT percent FROM review WHERE period = '2026-03' AND expected"


async def _beside(db: Database, first: list[Received[Any]], second: list[Received[Any]], heard: Any = ENTRIES) -> None:
    """Handle `first` in a transaction that commits only after `second` was begun and had time to go wrong."""
    async with db.transaction() as conn:
        await ENTRIES.handle(conn, first)
        other = asyncio.create_task(deliver(db, heard, second))
        done, _ = await asyncio.wait([other], timeout=0.5)
        assert not done, "the second must wait for the first"
    await other


async def test_two_workers_with_entries_of_one_review_store_thirty_and_not_twenty(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=100)])
    await _beside(db, [entry("a", "sari", 10)], [entry("b", "sari", 20)])
    assert await ask(PERCENT) == [(Decimal(30),)]


async def test_two_first_entries_of_a_person_nobody_computed_yet_are_both_counted(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(world.instansi(), *world.person("budi", "officer", "head"), *world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=100)])
    await _beside(db, [entry("a", "sari", 10)], [entry("x", "budi"), entry("b", "sari", 20)])
    assert (Decimal(30),) in await ask(PERCENT)


async def test_an_entry_that_moves_to_another_month_while_it_is_counted_leaves_nothing_behind(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=100)])
    await _beside(db, [entry("a", "sari", 10)], [entry("a", "sari", 10, period="2026-04", version=2)])
    assert await ask(PERCENT) == []
    assert await ask("SELECT percent FROM review WHERE period = '2026-04' AND expected") == [(Decimal(10),)]


async def test_a_new_rule_finds_those_whose_first_entry_is_not_committed_yet(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=10)])
    await _beside(db, [entry("a", "sari", 20)], [world.instansi(version=2, achievement_cap_percent=150)], PEOPLE)
    assert await ask(PERCENT) == [(Decimal(150),)]


async def test_the_very_first_rule_finds_facts_that_are_not_committed_yet(db: Database, tell: Tell, ask: Ask) -> None:
    await tell(*world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=100)])
    await _beside(db, [entry("a", "sari", 20)], [world.instansi()], PEOPLE)
    assert await ask(PERCENT) == [(Decimal(20),)]


async def test_many_workers_in_random_company_count_every_entry_once(db: Database, tell: Tell, ask: Ask) -> None:
    people = [f"person {n}" for n in range(6)]
    await tell(world.instansi(), *(m for who in people for m in world.person(who, "officer", "head")))
    for who in people:
        await plan(db, who, [indicator(target=100)])
    entries = [entry(f"e{n}", people[n * 7 % 6], 1) for n in range(120)]
    batches = [entries[n::8] + entries[n :: 8 + n] for n in range(8)]
    await asyncio.gather(*(deliver(db, ENTRIES, batch) for batch in batches))
    assert await ask(PERCENT) == [(Decimal(20),)] * 6
