"""Closing a period: a barrier, every review, the counts; and what comes later is an adjustment."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest

from services.appraisal.period import close as closing
from services.appraisal.period.close import close_periods
from shared.eventstore.database import Database
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Http, Tell, plan
from tests.appraisal.world import entry, indicator, name

PEOPLE = ("sari", "budi", "tono")
CLOSE = "/periods/2026-03/close"


async def _office(tell: Tell) -> None:
    people = [message for who in PEOPLE for message in world.person(who, "officer", "head")]
    await tell(world.instansi(), *people, *world.person("head", "head post"))


async def _told(ask: Ask, kind: str) -> list[dict[str, Any]]:
    rows = await ask("SELECT body FROM outbox WHERE subject LIKE $1 ORDER BY id", f"%{kind}%")
    return [orjson.loads(row[0])["data"] for row in rows]


async def test_a_period_that_is_not_over_or_not_sealed_is_not_closed(http: Http, tell: Tell, ask: Ask) -> None:
    await _office(tell)
    current = f"{datetime.now(UTC):%Y-%m}"
    for path, code in (
        (CLOSE, "period-not-sealed"),
        (f"/periods/{current}/close", "period-not-over"),
        ("/periods/2026-Q1/close", "invalid-input"),
        ("/periods/march/close", "invalid-input"),
    ):
        assert (await http("budi", "POST", path, None, "hr")).json()["code"] == code
    assert (await http("budi", "POST", CLOSE)).status_code == 403
    assert (await http("budi", "GET", "/periods/2026-03")).status_code == 404
    assert await ask("SELECT count(*) FROM period") == [(0,)]


async def test_a_sealed_month_can_be_closed_after_the_change_to_quarters(http: Http, tell: Tell) -> None:
    await _office(tell)
    facts = [entry("a", "sari", 15)]
    await tell(*facts)
    await tell(world.seal(facts))
    await tell(world.instansi(version=2, period_kind="quarter"))
    assert (await http("budi", "POST", CLOSE, None, "hr")).status_code == 202
    assert (await http("budi", "POST", "/periods/2026-02/close", None, "hr")).json()["code"] == "invalid-input"


async def test_closing_freezes_every_review_also_of_who_logged_nothing(
    http: Http, db: Database, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20)])
    await plan(db, "tono", [indicator(target=20)])
    entries = [entry("a", "sari", 15), entry("b", "budi", 1)]
    await tell(*entries)
    ratings = {"work_result": "below", "behaviour": "meets", "text": "Kurang"}
    assert (await http("head", "POST", f"/reviews/{name('sari')}/2026-03/rating", ratings)).status_code == 201
    await tell(world.seal(entries))
    asked = await http("budi", "POST", CLOSE, None, "hr")
    assert (asked.status_code, asked.json()["status"]) == (202, "closing")
    await close_periods(db)
    done = (await http("budi", "POST", CLOSE, None, "hr")).json()
    # Sari, budi, tono and the head were assigned; only sari has been rated, and only sari has a measured indicator.
    counts = {"expected": 4, "rated": 1, "not_rated": 3, "not_measured": 3}
    assert {key: done[key] for key in counts} == counts
    [message] = await _told(ask, "period.closed")
    assert {key: message[key] for key in counts} == counts
    closed = {each["employee"]: each for each in await _told(ask, "review.closed")}
    assert len(closed) == 4
    assert (closed[str(name("sari"))]["percent"], closed[str(name("sari"))]["predicate"]) == ("75", "butuh_perbaikan")
    assert closed[str(name("tono"))]["percent"] is None
    last = {each["employee"]: each for each in await _told(ask, "score.changed") if each["period"] == "2026-03"}
    assert {(each["state"], each["provisional"]) for each in last.values()} == {("closed", False)}
    late = await http("head", "POST", f"/reviews/{name('sari')}/2026-03/rating", ratings | {"text": "Lain"})
    assert late.json()["code"] == "review-closed"


async def test_what_a_closing_tells_carries_the_correlation_id_of_the_request(
    http: Http, db: Database, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    facts = [entry("a", "sari", 15)]
    await tell(*facts)
    await tell(world.seal(facts))
    asked = await http("budi", "POST", CLOSE, None, "hr")
    await close_periods(db)
    rows = await ask("SELECT body FROM outbox WHERE subject LIKE '%.closed.%'")
    told = {orjson.loads(row[0])["correlationid"] for row in rows}
    assert (len(rows), told) == (5, {asked.headers["X-Correlation-ID"]})


async def test_a_later_plan_or_policy_leaves_a_closed_review_as_it_was(
    db: Database, http: Http, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20)])
    entries = [entry("a", "sari", 30)]
    await tell(*entries, world.seal(entries))
    await http("budi", "POST", CLOSE, None, "hr")
    await close_periods(db)
    await plan(db, "sari", [indicator(target=60)])
    await tell(world.instansi(version=2, achievement_cap_percent=150))
    row = "SELECT percent, rule_version FROM review WHERE period = '2026-03' AND employee = $1"
    assert await ask(row, name("sari")) == [(Decimal(120), "1+policy.1")]
    assert await _told(ask, "review.adjusted") == []


async def test_a_fact_learned_after_closing_adjusts_with_old_new_and_cause(
    db: Database, http: Http, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20)])
    entries = [entry("a", "sari", 10)]
    await tell(*entries, world.seal(entries))
    await http("budi", "POST", CLOSE, None, "hr")
    await close_periods(db)
    await tell(entry("late", "sari", 5, status="imported"))
    [adjusted] = await _told(ask, "review.adjusted")
    assert (adjusted["old_percent"], adjusted["new_percent"]) == ("50", "75")
    assert (adjusted["cause"], adjusted["cause_source"]) == ("entry-imported", str(name("late")))
    [newest] = [each for each in await _told(ask, "score.changed") if each["percent"] == "75"]
    assert (newest["state"], newest["imported"]) == ("closed", True)
    shown = (await http("sari", "GET", f"/reviews/{name('sari')}/2026-03")).json()
    assert [(each["old_percent"], each["new_percent"]) for each in shown["adjustments"]] == [("50", "75")]


async def test_while_facts_are_on_their_way_the_closing_waits_and_goes_on_by_itself(
    db: Database, http: Http, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    first, second = entry("a", "sari", 10), entry("b", "budi", 10)
    await tell(first, world.seal([first, second, entry("a", "sari", 12, version=2)]))
    asked = await http("budi", "POST", CLOSE, None, "hr")
    assert (asked.status_code, asked.json()["status"], asked.json()["differing"]) == (202, "waiting", 2)
    await close_periods(db)
    await tell(second)
    await close_periods(db)
    assert (await http("budi", "GET", "/periods/2026-03")).json()["differing"] == 1
    await tell(entry("a", "sari", 12, version=2))
    await close_periods(db)
    assert (await http("budi", "GET", "/periods/2026-03")).json()["status"] == "closed"


async def test_facts_that_activity_did_not_seal_hold_the_closing_up(db: Database, http: Http, tell: Tell) -> None:
    await _office(tell)
    await tell(entry("a", "sari"), entry("w", "budi", status="withdrawn"), world.seal([]))
    assert (await http("budi", "POST", CLOSE, None, "hr")).json()["differing"] == 1


async def test_a_kill_between_any_two_steps_only_delays_the_closing(
    db: Database, http: Http, tell: Tell, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _office(tell)
    await plan(db, "sari", [indicator(target=20)])
    entries = [entry("a", "sari", 10)]
    await tell(*entries, world.seal(entries))
    await http("budi", "POST", CLOSE, None, "hr")
    monkeypatch.setattr(closing, "AT_ONCE", 1)
    steps = 0
    for fatal in range(1, 12):
        calls = 0

        async def dying(work: Any, instansi: str | None = None, fatal: int = fatal) -> Any:
            nonlocal calls
            calls += 1
            async with db.transaction(instansi) as conn:
                done = await work(conn)
                if calls == fatal:
                    raise KeyboardInterrupt
                return done

        broken = Database.__new__(Database)
        broken.__dict__ |= db.__dict__
        monkeypatch.setattr(broken, "run", dying, raising=False)
        try:
            await close_periods(broken)
        except KeyboardInterrupt:
            steps += 1
        else:
            break
    assert steps >= 3
    assert len(await _told(ask, "review.closed")) == 4
    assert len(await _told(ask, "period.closed")) == 1
    assert (await http("budi", "GET", "/periods/2026-03")).json()["status"] == "closed"


async def test_two_workers_that_close_at_once_close_everything_once(
    db: Database, http: Http, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await tell(world.seal([]))
    await http("budi", "POST", CLOSE, None, "hr")
    await asyncio.gather(close_periods(db), close_periods(db))
    assert len(await _told(ask, "review.closed")) == 4
    assert len(await _told(ask, "period.closed")) == 1


async def test_a_review_that_comes_to_a_closed_period_later_is_closed_too(
    db: Database, http: Http, tell: Tell, ask: Ask
) -> None:
    await _office(tell)
    await tell(world.seal([]))
    await http("budi", "POST", CLOSE, None, "hr")
    await close_periods(db)
    await tell(*world.person("late", "officer", "head"), entry("l", "late", 1, status="imported"))
    await close_periods(db)
    assert [each["expected"] for each in await _told(ask, "period.closed")] == [4, 5]
    assert await ask("SELECT count(*) FROM review WHERE period = '2026-03' AND state = 'open'") == [(0,)]
