"""Gaps open and close by levels, standards and closed periods, on real PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import orjson

from services.appraisal.period.close import close_periods, request
from shared.calendar import Period, local_date
from shared.eventstore.database import Database
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Tell, context, plan
from tests.appraisal.world import confirmed, entry, indicator, name

GAPS = "SELECT competency, open, opened, required, level FROM gap WHERE employee = $1 ORDER BY competency"
TODAY = local_date(datetime.now(UTC), "Asia/Jakarta")  # as the office counts days


async def _office(tell: Tell, **requires: int) -> None:
    await tell(world.instansi(), world.position("officer", requires), *world.person("sari", "officer", "head"))


async def _close(db: Database, period: str = "2026-03") -> None:
    await db.run(lambda conn: request(conn, context(), Period.parse(period)))
    await close_periods(db)


async def test_a_health_officer_at_twelve_of_twenty_gets_a_gap_that_only_a_confirmed_level_closes(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await _office(tell, KOMUNIKASI=3)
    await plan(db, "sari", [indicator(target=20, competency="KOMUNIKASI")])
    entries = [entry(f"e{n}", "sari", 1) for n in range(12)]
    await tell(*entries)
    assert await ask("SELECT percent, state FROM review WHERE period = '2026-03'") == [(Decimal(60), "open")]
    assert await ask(GAPS, name("sari")) == []

    await tell(world.seal(entries))
    await _close(db)
    assert await ask("SELECT percent, state FROM review WHERE period = '2026-03'") == [(Decimal(60), "closed")]
    assert await ask(GAPS, name("sari")) == [("KOMUNIKASI", True, 1, 3, None)]
    [[body]] = await ask("SELECT body FROM outbox WHERE subject LIKE '%gap.found%'")
    [cause] = orjson.loads(body)["data"]["causes"]
    assert (cause["kind"], cause["period"], cause["percent"]) == ("below_threshold", "2026-03", "60")
    assert cause["indicator"] == str(name("examinations"))

    await tell(confirmed("sari", "KOMUNIKASI", 3, TODAY))
    assert await ask(GAPS, name("sari")) == [("KOMUNIKASI", False, 1, 3, 3)]
    assert await ask("SELECT count(*) FROM outbox WHERE subject LIKE '%gap.closed%'") == [(1,)]


async def test_a_level_below_the_standard_is_a_gap_and_one_nobody_measured_is_none(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await _office(tell, INTEGRITAS=2, KERJASAMA=2)
    await tell(confirmed("sari", "INTEGRITAS", 1, TODAY))
    assert await ask(GAPS, name("sari")) == [("INTEGRITAS", True, 1, 2, 1)]
    await tell(confirmed("sari", "INTEGRITAS", 2, TODAY + timedelta(days=1)))
    assert await ask(GAPS, name("sari")) == [("INTEGRITAS", False, 1, 2, 2)]
    await tell(world.position("officer", {"INTEGRITAS": 4}, version=2))
    assert await ask(GAPS, name("sari")) == [("INTEGRITAS", True, 2, 4, 2)]


async def test_a_level_confirmed_before_the_closing_does_not_excuse_the_work(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20, competency="KOMUNIKASI")])
    entries = [entry("e", "sari", 12)]
    await tell(*entries, confirmed("sari", "KOMUNIKASI", 4, date(2026, 2, 1)), world.seal(entries))
    await _close(db)
    assert await ask(GAPS, name("sari")) == [("KOMUNIKASI", True, 1, None, 4)]


async def test_a_better_next_period_closes_the_gap(db: Database, tell: Tell, ask: Ask) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20, competency="KOMUNIKASI")])
    entries = [entry("march", "sari", 12), entry("april", "sari", 19, period="2026-04")]
    await tell(*entries, world.seal(entries), world.seal(entries, "2026-04"))
    await _close(db)
    assert [row[:2] for row in await ask(GAPS, name("sari"))] == [("KOMUNIKASI", True)]
    await _close(db, "2026-04")
    assert [row[:2] for row in await ask(GAPS, name("sari"))] == [("KOMUNIKASI", False)]


async def test_who_leaves_their_post_has_no_gaps(db: Database, tell: Tell, ask: Ask) -> None:
    await _office(tell, INTEGRITAS=3)
    await tell(confirmed("sari", "INTEGRITAS", 1, TODAY))
    left = world.person("sari", "officer", "head", until=date(2026, 1, 31), version=2)
    await tell(*left)
    assert [row[:2] for row in await ask(GAPS, name("sari"))] == [("INTEGRITAS", False)]
