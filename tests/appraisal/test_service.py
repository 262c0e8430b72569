"""The service as a whole: its tables, its routes, its proof, and its jobs."""

import asyncio
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import text

from services.appraisal.app import SERVICE
from services.appraisal.proof import prove_reviews
from services.appraisal.review.opening import at_each_day
from services.appraisal.rules.achievement import Direction, RangeTarget, ZeroRule
from services.appraisal.tables import AppraisalTable
from shared.eventstore.database import Database
from shared.ids import fresh_id
from shared.operations.rebuild import prove, rebuild
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Http, Tell, plan
from tests.appraisal.world import entry, indicator, name, record, satisfaction

CURRENT = f"{datetime.now(UTC):%Y-%m}"


async def test_tables_are_as_the_code_believes(db: Database) -> None:
    async with db.transaction() as conn:
        for table in AppraisalTable.metadata.tables.values():
            sql = "SELECT attname, NOT attnotnull FROM pg_attribute WHERE attrelid = :t ::regclass AND attnum > 0"
            stored = {(row[0], row[1]) for row in await conn.execute(text(sql.replace(":t ", f"'{table.name}'")))}
            assert stored == {(column.name, bool(column.nullable)) for column in table.columns}, table.name
            forced = await conn.execute(
                text(f"SELECT relforcerowsecurity FROM pg_class WHERE relname = '{table.name}'")
            )
            assert forced.scalar_one(), table.name


_ROUTES = [
    (method, route.path)
    for router in SERVICE.routers
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
]


@pytest.mark.parametrize(("method", "path"), _ROUTES)
async def test_no_route_answers_another_instansi_or_nobody(http: Http, method: str, path: str) -> None:
    values = {"employee": str(name("sari")), "period": "2026-03", "year": "2026"}
    there = re.sub(r"{(\w+)}", lambda found: values[found[1]], path)
    for roles in ("staff", "hr", "leader", "auditor", "system"):
        answer = await http("sari", method, there, {}, roles, instansi="jambi")
        assert answer.status_code in (403, 404), roles
    assert (await http.client.request(method, f"/api/v1/medan{there}", json={})).status_code == 401


async def test_a_colleague_reads_and_changes_nothing_of_another(http: Http, db: Database, tell: Tell, ask: Ask) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"), *world.person("budi", "officer", "head"))
    await plan(db, "sari", [indicator("report", measure="manual")])
    await tell(entry("a", "sari", 10))
    before = await ask("SELECT count(*) FROM events")
    review, of = f"/reviews/{name('sari')}/2026-03", str(name("report"))
    for method, path, body in (
        ("GET", f"/plans/{name('sari')}/2026", None),
        ("POST", f"/plans/{name('sari')}/2026/agree", {"revision": 1}),
        ("POST", f"/plans/{name('sari')}/2026/return", {"revision": 1, "reason": "x"}),
        ("GET", review, None),
        ("POST", f"{review}/rating", {"work_result": "meets", "behaviour": "meets"}),
        ("POST", f"{review}/realisation", {"indicator": of, "value": "1"}),
        ("POST", f"{review}/realisation/confirm", {"indicator": of, "value": "1"}),
        ("POST", "/periods/2026-03/close", None),
        ("POST", "/imports/plans", {"items": [{}]}),
        ("POST", "/imports/competencies", {"items": [{}]}),
        ("GET", f"/competencies/{name('sari')}", None),
        ("GET", f"/gaps?employee={name('sari')}", None),
        ("GET", "/unplaced-facts", None),
    ):
        answer = await http("budi", method, path, body)
        assert (answer.status_code, answer.json()["code"]) in ((403, "forbidden"), (403, "role-required")), path
    assert await ask("SELECT count(*) FROM events") == before
    assert await ask("SELECT count(*) FROM texts") == [(0,)]


async def test_everybody_assigned_has_an_open_review_of_this_period_also_who_logs_nothing(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"))
    opened = "SELECT percent, state, provisional FROM review WHERE period = $1 AND employee = $2 AND expected"
    assert await ask(opened, CURRENT, name("sari")) == [(None, "open", True)]
    async with db.transaction() as conn:
        await conn.execute(text("DELETE FROM review"))
    await asyncio.gather(at_each_day(db), at_each_day(db))
    assert await ask(opened, CURRENT, name("sari")) == [(None, "open", True)]


async def test_a_post_that_began_by_itself_changes_what_is_required(db: Database, tell: Tell, ask: Ask) -> None:
    await tell(world.instansi(), world.position("officer", {"KOMUNIKASI": 3}), *world.person("sari", "officer", "head"))
    await tell(world.confirmed("sari", "KOMUNIKASI", 2, datetime.now(UTC).date()))
    # As on the day before the post began: the gap was judged without one.
    async with db.transaction() as conn:
        await conn.execute(text("DELETE FROM gap"))
        await conn.execute(text("UPDATE person SET position = NULL"))
    await at_each_day(db)
    assert await ask("SELECT competency, open FROM gap") == [("KOMUNIKASI", True)]


async def test_only_imported_facts_make_a_score_imported_and_bands_are_counted(
    db: Database, tell: Tell, ask: Ask
) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=20)])
    steps: list[tuple[Any, ...]] = []
    for fact in (
        entry("a", "sari", 10, status="imported"),
        entry("b", "sari", 8),
        entry("c", "sari", 1, status="imported"),
        entry("d", "sari", 4),
        entry("e", "sari", 0, status="waiting"),
    ):
        await tell(fact)
        marks = "SELECT percent, recommendation, band_changes, imported FROM review WHERE period = '2026-03'"
        steps += await ask(marks)
    assert steps == [
        (Decimal(50), "below", 1, True),
        (Decimal(90), "meets", 2, False),
        (Decimal(95), "meets", 2, True),
        (Decimal(115), "above", 3, False),
        (Decimal(115), "above", 3, False),
    ]
    rows = await ask(
        "SELECT body FROM outbox WHERE subject LIKE '%score.changed%' AND body LIKE '%2026-03%' ORDER BY id"
    )
    scores = [orjson.loads(row[0]) for row in rows]
    assert [score["data"]["percent"] for score in scores] == ["50", "90", "95", "115"]
    assert [score["sourceversion"] for score in scores] == [1, 2, 3, 4]


async def _busy_office(db: Database, tell: Tell, http: Http) -> None:
    await tell(world.instansi(), world.unit("puskesmas"), *world.person("sari", "officer", "head"))
    await tell(*world.person("budi", "officer", "head"), satisfaction("puskesmas", "82.36"))
    every = [
        indicator(target=7),
        indicator("b", 3, measure="count"),
        indicator("c", 90, measure="on_time_share", product="ktp"),
        indicator("d", RangeTarget(Decimal(1), Decimal(2)), measure="mean_duration", direction=Direction.LOWER),
        indicator("e", 80, measure="satisfaction"),
        indicator("f", 0, measure="manual", direction=Direction.LOWER, zero_rule=ZeroRule.MEETS_IF_ZERO),
        indicator("g", 5),
    ]
    await plan(db, "sari", every)
    await tell(entry("a", "sari", "2.5"), entry("x", "sari", indicator="b"), entry("w", "sari", 9, status="waiting"))
    await tell(record("r1", "sari"), record("r2", "sari", on_time=False, days="3.25"), record("r3", "sari", "akta"))
    stated = {"indicator": str(name("f")), "value": "1"}
    await http("sari", "POST", f"/reviews/{name('sari')}/2026-03/realisation", stated)
    confirmed = await http("head", "POST", f"/reviews/{name('sari')}/2026-03/realisation/confirm", stated)
    assert confirmed.status_code == 201


async def test_the_proof_agrees_with_every_measure_and_sees_a_wrong_number(
    db: Database, tell: Tell, http: Http, ask: Ask
) -> None:
    await _busy_office(db, tell, http)
    [[percent, measured, not_measured]] = await ask(
        "SELECT percent, measured, not_measured FROM review WHERE employee = $1 AND period = '2026-03'", name("sari")
    )
    # r1 and r3 took 2 days, r2 3.25: 2.42 days against at most 2 is 200 - 121 = 79 %.
    # (35.7142… + 33.3333… + 55.5555… + 79 + 102.95 + 0) / 6 = 51.0921…
    assert percent == Decimal("51.09")
    assert (measured, not_measured) == (6, 1)
    assert await prove_reviews(db, None) == []
    async with db.transaction() as conn:
        await conn.execute(text("UPDATE review SET percent = percent + 0.01 WHERE period = '2026-03' AND measured > 0"))
    [difference] = await prove_reviews(db, "medan")
    assert difference.where.startswith("review medan/")
    assert await prove_reviews(db, "jambi") == []


async def test_rows_of_plans_and_reviews_can_be_rebuilt(db: Database, tell: Tell, http: Http) -> None:
    await _busy_office(db, tell, http)
    async with db.transaction() as conn:
        await conn.execute(text("DELETE FROM outbox"))
        await conn.execute(text("UPDATE plan SET agreed = NULL"))
        await conn.execute(text("UPDATE review_record SET manual = '{}'"))
    assert len(await prove(db, SERVICE.slices)) == 2
    for slice_ in SERVICE.slices:
        await rebuild(db, slice_)
    assert await prove(db, SERVICE.slices) == []


async def test_an_unknown_person_is_refused_and_leaves_no_trace(http: Http, tell: Tell, ask: Ask) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head"))
    nobody = fresh_id()
    assert (await http("sari", "GET", f"/reviews/{nobody}/2026-03", None, "hr")).status_code == 404
    assert (await http("sari", "GET", f"/reviews/{name('sari')}/2026-13")).json()["code"] == "invalid-input"
    assert await ask("SELECT count(*) FROM events") == [(0,)]


async def test_facts_that_count_for_nobody_yet_are_listed_with_the_reason(http: Http, tell: Tell) -> None:
    await tell(world.instansi(), *world.person("sari", "officer", "head", since=date(2026, 4, 1)))
    await tell(
        entry("a", "sari", 10),
        entry("b", "ghost"),
        entry("c", "ghost"),
        record("r", "sari"),
        entry("d", "ghost", status="withdrawn"),
    )
    listed = (await http("sari", "GET", "/unplaced-facts", None, "hr")).json()["items"]
    assert {(each["employee"], each["period"], each["facts"], each["reason"]) for each in listed} == {
        (str(name("sari")), "2026-03", 2, "no-post-in-period"),
        (str(name("ghost")), "2026-03", 2, "unknown-employee"),
    }
    await tell(*world.person("sari", "officer", "head", since=date(2026, 3, 31)), *world.person("ghost", "officer"))
    assert (await http("sari", "GET", "/unplaced-facts", None, "hr")).json()["items"] == []


async def test_an_agency_may_review_by_quarter(db: Database, http: Http, tell: Tell, ask: Ask) -> None:
    await tell(world.instansi(period_kind="quarter"), *world.person("sari", "officer", "head"))
    await plan(db, "sari", [indicator(target=60)])
    await tell(entry("a", "sari", 45, period="2026-Q1"), entry("b", "sari", 30, period="2026-Q2"))
    scores = "SELECT period, percent FROM review WHERE expected AND percent IS NOT NULL ORDER BY period"
    assert await ask(scores) == [("2026-Q1", Decimal(75)), ("2026-Q2", Decimal(50))]
    assert await prove_reviews(db, "medan") == []
    assert (await http("sari", "GET", f"/reviews/{name('sari')}/2026-Q1")).json()["percent"] == "75"
