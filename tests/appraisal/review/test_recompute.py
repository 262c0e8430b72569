"""Scores follow the facts, on real PostgreSQL."""

from decimal import Decimal

from shared.eventstore.database import Database
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Tell, plan
from tests.appraisal.world import entry, indicator, name

SCORE = "SELECT percent, recommendation, measured, not_measured, waiting FROM review WHERE employee = $1 AND period = $2 AND expected"


async def _office(tell: Tell) -> None:
    await tell(
        world.instansi(), world.position("officer"), world.unit("puskesmas"), *world.person("sari", "officer", "head")
    )


async def test_twelve_of_twenty_examinations_are_sixty_percent(db: Database, tell: Tell, ask: Ask) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20)])
    await tell(*(entry(f"e{n}", "sari", 3) for n in range(4)))
    assert await ask(SCORE, name("sari"), "2026-03") == [(Decimal(60), "below", 1, 0, 0)]


async def test_only_what_was_verified_or_imported_counts_and_what_waits_is_shown(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20), indicator("visits", 5, measure="count")])
    await tell(
        entry("a", "sari", 10),
        entry("b", "sari", 4, status="waiting"),
        entry("c", "sari", 2, status="returned"),
        entry("d", "sari", 1, status="withdrawn"),
        entry("e", "sari", "5.5", status="imported"),
        entry("f", "sari", 1, verdict="below"),
    )
    # 10 + 5.5 + 1 of 20; nothing of the other indicator, which is not measured and not zero.
    assert await ask(SCORE, name("sari"), "2026-03") == [(Decimal("82.5"), "below", 1, 1, 1)]


async def test_facts_before_plan_person_and_instansi_count_once_these_arrive(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(entry("a", "sari", 15))
    assert await ask("SELECT count(*) FROM review") == [(0,)]
    await tell(*world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=20)])
    await tell(world.instansi())
    assert await ask(SCORE, name("sari"), "2026-03") == [(Decimal(75), "below", 1, 0, 0)]
