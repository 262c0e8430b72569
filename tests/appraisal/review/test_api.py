"""Reading, stating, confirming and rating over HTTP."""

from datetime import date
from decimal import Decimal

import pytest

from services.appraisal.rules.achievement import Direction
from shared.eventstore.database import Database
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Http, Tell, plan
from tests.appraisal.world import confirmed, entry, indicator, name, record, satisfaction

PATH = f"/reviews/{name('sari')}/2026-03"


async def office(tell: Tell) -> None:
    """Sari and budi under head; kepala leads the dinas above; nobody knows stranger's people."""
    await tell(
        world.instansi(),
        world.unit("dinas", "kepala post"),
        world.unit("puskesmas", "head post", "dinas"),
        *world.person("kepala", "kepala post", where="dinas"),
        *world.person("head", "head post", "kepala"),
        *world.person("sari", "officer", "head"),
        *world.person("budi", "officer", "head"),
        *world.person("stranger", "officer"),
    )


async def test_a_review_explains_every_number(http: Http, db: Database, tell: Tell) -> None:
    await office(tell)
    await plan(
        db,
        "sari",
        [
            indicator(target=20),
            indicator("counter", 90, measure="on_time_share", product="ktp"),
            indicator("duration", 2, measure="mean_duration", direction=Direction.LOWER),
            indicator("ikm", 80, measure="satisfaction"),
        ],
    )
    await tell(
        entry("a", "sari", 10),
        entry("b", "sari", 5, verdict="below"),
        entry("c", "sari", 4, status="waiting"),
        entry("d", "sari", 1, indicator=None),
        record("r1", "sari", days="1"),
        record("r2", "sari", days="2.5", on_time=False),
        record("r3", "sari", "akta", days="2.515", on_time=None),
        record("r4", "sari", period=None),
        satisfaction("puskesmas", "82.36"),
    )
    answer = await http("sari", "GET", PATH)
    review = answer.json()
    assert review["stale"] is False
    by_title = {each["id"]: each for each in review["indicators"]}
    examined, counter, duration, index = (
        by_title[str(name(title))] for title in ("examinations", "counter", "duration", "ikm")
    )
    assert (examined["realisation"], examined["percent"], examined["rounded"]) == ("15", "75", 75)
    assert examined["entries"]["verified"] == {"total": 1, "entries": [str(name("a"))]}
    assert examined["entries"]["below"]["entries"] == [str(name("b"))]
    assert (examined["waiting"], examined["entries"]["waiting"]["total"]) == (1, 1)
    assert (examined["formula"], examined["formula_text"]) == ("8/2021-normal", "realisasi / target × 100 %")
    assert examined["legal_source"].startswith("PermenPANRB 8/2021")
    assert (examined["rule"], examined["rule_version"]) == ("permenpanrb-8-2021.capaian-iki", "1")
    assert review["without_indicator"]["verified"]["entries"] == [str(name("d"))]
    # One of two judged records on time against 90 %; (1 + 2.5 + 2.515) / 3 = 2.005 days, half up 2.01, against 2.
    assert (counter["realisation"], counter["percent"], counter["rounded"]) == ("50", "55.56", 56)
    assert counter["records"] == [str(name("r1")), str(name("r2"))]
    assert (duration["realisation"], duration["percent"]) == ("2.01", "99.5")
    assert (index["realisation"], index["percent"]) == ("82.36", "102.95")
    # (75 + 55.555… + 99.5 + 102.95) / 4 = 83.2513…
    assert review["percent"] == "83.25"
    assert (review["recommendation"], review["recommendation_label"]) == ("below", "Di Bawah Ekspektasi")
    assert review["rule_version"] == "1+policy.1"


async def test_what_lapsed_is_not_counted_and_names_the_superior_who_caused_it(
    http: Http, db: Database, tell: Tell
) -> None:
    await office(tell)
    await plan(db, "sari", [indicator(target=20)])
    await tell(entry("a", "sari", 10), entry("late", "sari", 10, status="lapsed"))
    [examined] = (await http("sari", "GET", PATH)).json()["indicators"]
    assert (examined["percent"], examined["lapsed"]) == ("50", 1)
    assert examined["entries"]["lapsed"] == {
        "total": 1,
        "entries": [{"entry": str(name("late")), "superior": str(name("head"))}],
    }


async def test_a_reader_may_wait_for_what_they_wrote_and_is_told_when_it_did_not_come(
    http: Http, db: Database, tell: Tell
) -> None:
    await office(tell)
    await tell(entry("a", "sari", 10))
    assert (await http("sari", "GET", f"{PATH}?wait={name('a')}@1")).json()["stale"] is False
    assert (await http("sari", "GET", f"{PATH}?wait={name('a')}@2")).json()["stale"] is True
    for wrong in ("soon", f"{name('a')}", f"{name('a')}@-1", f"{name('a')}@9999999999", f"{name('a')}@1_0", "x@1"):
        answer = await http("sari", "GET", f"{PATH}?wait={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input"), wrong
    assert (await http("sari", "GET", f"{PATH}?" + "&".join([f"wait={name('a')}@1"] * 21))).status_code == 422


async def test_the_superior_rates_and_the_recommendation_stays_beside_it(
    http: Http, db: Database, tell: Tell, ask: Ask
) -> None:
    await office(tell)
    await plan(db, "sari", [indicator(target=20)])
    await tell(entry("a", "sari", 20))
    etag = (await http("head", "GET", PATH)).headers["etag"]
    ratings = {"work_result": "above", "behaviour": "meets"}
    rated = await http("head", "POST", f"{PATH}/rating", ratings, headers={"If-Match": etag})
    assert (rated.status_code, rated.json()["predicate"], rated.json()["recommended"]) == (201, "baik", "meets")
    assert (await http("head", "POST", f"{PATH}/rating", ratings)).status_code == 200
    stale = await http("head", "POST", f"{PATH}/rating", ratings | {"behaviour": "above"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale-version")
    below = {"work_result": "below", "behaviour": "below"}
    assert (await http("head", "POST", f"{PATH}/rating", below)).json()["code"] == "reason-required"
    reasoned = await http("head", "POST", f"{PATH}/rating", below | {"text": "Sering terlambat"})
    assert reasoned.json()["predicate"] == "sangat_kurang"
    shown = (await http("sari", "GET", PATH)).json()["rating"]
    assert (shown["predicate_label"], shown["text"], shown["recommended"]) == (
        "Sangat Kurang",
        "Sering terlambat",
        "meets",
    )
    assert await ask("SELECT count(*) FROM outbox WHERE subject LIKE '%rating.set%'") == [(2,)]


@pytest.mark.parametrize(
    ("who", "roles", "status"),
    [
        ("sari", ("staff",), 403),
        ("budi", ("staff",), 403),
        ("kepala", ("leader",), 403),
        ("stranger", ("hr",), 403),
        ("head", ("staff",), 201),
    ],
)
async def test_only_the_superior_may_rate(
    http: Http, tell: Tell, who: str, roles: tuple[str, ...], status: int
) -> None:
    await office(tell)
    await tell(entry("a", "sari", 20))
    answer = await http(who, "POST", f"{PATH}/rating", {"work_result": "meets", "behaviour": "meets"}, *roles)
    assert answer.status_code == status


async def test_hr_rates_with_a_reason_only_where_no_superior_is_left(http: Http, tell: Tell) -> None:
    await office(tell)
    await tell(*world.person("head", "head post", "kepala", until=date(2026, 3, 5), version=2), entry("a", "sari", 20))
    ratings = {"work_result": "meets", "behaviour": "meets"}
    assert (await http("stranger", "POST", f"{PATH}/rating", ratings, "hr")).json()["code"] == "reason-required"
    assert (await http("stranger", "POST", f"{PATH}/rating", ratings | {"text": "Kosong"}, "hr")).status_code == 201
    assert (await http("sari", "POST", f"{PATH}/rating", ratings | {"text": "Kosong"}, "hr")).status_code == 403


async def test_a_stated_realisation_counts_once_the_superior_confirms_that_value(
    http: Http, db: Database, tell: Tell, ask: Ask
) -> None:
    await office(tell)
    await plan(db, "sari", [indicator("report", 4, measure="manual"), indicator(target=20)])
    await tell(entry("a", "sari", 20))
    stated = {"indicator": str(name("report")), "value": "3"}
    score = "SELECT percent, measured, not_measured, waiting FROM review WHERE period = '2026-03' AND expected"
    assert (await http("budi", "POST", f"{PATH}/realisation", stated)).status_code == 403
    noted = stated | {"note": "Laporan triwulan"}
    assert (await http("sari", "POST", f"{PATH}/realisation", noted)).status_code == 201
    assert (await http("sari", "POST", f"{PATH}/realisation", noted)).status_code == 200
    seen = {each["id"]: each["stated"] for each in (await http("head", "GET", PATH)).json()["indicators"]}
    assert seen[str(name("report"))] == {"value": "3", "confirmed": False, "note": "Laporan triwulan"}
    assert seen[str(name("examinations"))] is None
    assert await ask(score) == [(Decimal(100), 1, 1, 1)]
    assert (await http("sari", "POST", f"{PATH}/realisation/confirm", stated)).status_code == 403
    other = await http("head", "POST", f"{PATH}/realisation/confirm", stated | {"value": "4"})
    assert (other.status_code, other.json()["code"]) == (409, "nothing-to-confirm")
    assert (await http("head", "POST", f"{PATH}/realisation/confirm", stated)).status_code == 201
    assert await ask(score) == [(Decimal("87.5"), 2, 0, 0)]
    assert (await http("sari", "POST", f"{PATH}/realisation", stated | {"value": "4"})).status_code == 201
    assert await ask(score) == [(Decimal(100), 1, 1, 1)]
    wrong = await http("sari", "POST", f"{PATH}/realisation", stated | {"indicator": str(name("examinations"))})
    assert wrong.json()["code"] == "indicator-not-manual"
    for value in ("NaN", "-1", "1e13", "0.0000001", True):
        answer = await http("sari", "POST", f"{PATH}/realisation", stated | {"value": value})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input"), value


@pytest.mark.parametrize(
    ("who", "roles", "shown"),
    [
        ("sari", ("staff",), {"sari"}),
        ("head", ("staff",), {"head", "sari", "budi"}),
        ("kepala", ("staff",), {"kepala", "head"}),
        ("kepala", ("leader",), {"kepala", "head", "sari", "budi", "stranger"}),
        ("stranger", ("hr",), {"kepala", "head", "sari", "budi", "stranger"}),
        ("stranger", ("auditor",), {"kepala", "head", "sari", "budi", "stranger"}),
    ],
)
async def test_each_sees_the_reviews_of_whom_they_may(
    http: Http, tell: Tell, who: str, roles: tuple[str, ...], shown: set[str]
) -> None:
    await office(tell)
    answer = await http(who, "GET", "/reviews", None, *roles)
    assert {each["employee"] for each in answer.json()["items"]} == {str(name(each)) for each in shown}
    for person in ("sari", "budi", "head", "kepala"):
        for about in (f"/competencies/{name(person)}", f"/reviews/{name(person)}?periods=2026-03"):
            one = await http(who, "GET", about, None, *roles)
            assert one.status_code == (200 if person in shown else 403), about


async def test_the_scores_of_one_person_come_together_and_those_that_are_not_there_are_missing(
    http: Http, db: Database, tell: Tell
) -> None:
    await office(tell)
    await plan(db, "sari", [indicator(target=20)])
    await tell(entry("a", "sari", 15), entry("b", "budi", 3))
    await http("head", "POST", f"{PATH}/rating", {"work_result": "meets", "behaviour": "above"})
    asked = f"/reviews/{name('sari')}"
    answer = await http("sari", "GET", f"{asked}?periods=2026-03&periods=2020-01")
    [found] = answer.json()
    told = (found["employee"], found["period"], Decimal(found["percent"]), found["state"], found["predicate"])
    assert told == (str(name("sari")), "2026-03", Decimal(75), "open", "baik")
    assert (await http("sari", "GET", f"{asked}?periods=kapan")).status_code == 422
    assert (await http("sari", "GET", asked)).status_code == 422


async def test_lists_come_in_pages_and_narrow_to_a_unit(http: Http, tell: Tell) -> None:
    await office(tell)
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await http("head", "GET", f"/reviews?limit=2{cursor}", None, "hr")).json()
        seen += [each["employee"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(str(name(each)) for each in ("kepala", "head", "sari", "budi", "stranger"))
    narrowed = (await http("head", "GET", f"/reviews?unit={name('dinas')}&limit=200", None, "hr")).json()["items"]
    assert len(narrowed) == 5
    below = (await http("head", "GET", f"/reviews?unit={name('puskesmas')}", None, "hr")).json()["items"]
    assert str(name("kepala")) not in {each["employee"] for each in below}


async def test_gaps_are_shown_to_whom_they_concern(http: Http, tell: Tell) -> None:
    await office(tell)
    await tell(world.position("officer", {"KOMUNIKASI": 3}), confirmed("sari", "KOMUNIKASI", 1, date(2026, 3, 1)))
    assert len((await http("sari", "GET", "/gaps")).json()["items"]) == 1
    assert len((await http("head", "GET", "/gaps")).json()["items"]) == 1
    assert (await http("budi", "GET", "/gaps")).json()["items"] == []
    assert (await http("budi", "GET", f"/gaps?employee={name('sari')}")).status_code == 403
    profile = (await http("sari", "GET", f"/competencies/{name('sari')}")).json()
    # Level 1 of a standard of 3.
    assert profile["job_person_match"]["rounded"] == "33.33"
    assert [each["competency"] for each in profile["gaps"]] == ["KOMUNIKASI"]


async def test_levels_recorded_elsewhere_come_in_batches_and_twice_changes_nothing(
    http: Http, tell: Tell, ask: Ask
) -> None:
    await office(tell)
    await tell(world.position("officer", {"KOMUNIKASI": 3}))
    item = {
        "employee": str(name("sari")),
        "competency": "KOMUNIKASI",
        "level": 2,
        "effective": "2026-02-01",
        "source": {"system": "assessment-centre", "file_hash": "b" * 64},
    }
    items = [item, item | {"level": 6}, item | {"effective": "2999-01-01"}, item | {"employee": str(name("nobody"))}]
    answer = await http("budi", "POST", "/imports/competencies", {"items": items}, "hr")
    assert [each["status"] for each in answer.json()["results"]] == [201, 422, 422, 422]
    again = await http("budi", "POST", "/imports/competencies", {"items": [item]}, "hr")
    assert [each["status"] for each in again.json()["results"]] == [200]
    assert await ask("SELECT competency, level, opened FROM gap WHERE open") == [("KOMUNIKASI", 2, 1)]
    assert await ask("SELECT count(*) FROM competency_level") == [(1,)]
