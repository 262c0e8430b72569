"""Agreeing plans over HTTP: two sides, one imported, and everything that can be wrong with them."""

from decimal import Decimal
from typing import Any

from shared.ids import fresh_id
from tests.appraisal import world
from tests.appraisal.conftest import Ask, Http, Tell
from tests.appraisal.world import entry, name

PATH = f"/plans/{name('sari')}/2026"


def body(target: Any = "20", **more: Any) -> dict[str, Any]:
    """A plan of one indicator."""
    indicator = {
        "id": str(name("examinations")),
        "title": "Jumlah pemeriksaan",
        "aspect": "kuantitas",
        "target": target if isinstance(target, dict) else {"kind": "number", "value": target},
        "direction": "higher",
        "measure": "quantity",
        "unit_label": "kali",
    }
    return {"results": [{"id": str(name("rhk")), "title": "Pelayanan kesehatan", "indicators": [indicator | more]}]}


async def office(tell: Tell) -> None:
    await tell(
        world.instansi(),
        world.unit("puskesmas", "head post"),
        *world.person("head", "head post"),
        *world.person("sari", "officer", "head"),
        *world.person("budi", "officer", "head"),
    )


async def test_what_the_employee_proposes_counts_once_the_superior_agrees(http: Http, tell: Tell, ask: Ask) -> None:
    await office(tell)
    await tell(entry("a", "sari", 10))
    proposed = await http("sari", "PUT", PATH, body())
    assert (proposed.status_code, proposed.json()["status"]) == (201, "proposed")
    assert proposed.json()["waits_for"] == str(name("head"))
    assert (await http("sari", "POST", f"{PATH}/agree", {"revision": 1})).json()["code"] == "other-side-decides"
    assert (await http("head", "POST", f"{PATH}/agree", {"revision": 2})).json()["code"] == "proposal-changed"
    score = "SELECT percent, plan_revision FROM review WHERE period = '2026-03'"
    assert await ask(score) == [(None, None)]
    assert (await http("head", "POST", f"{PATH}/agree", {"revision": 1})).status_code == 201
    assert (await http("head", "POST", f"{PATH}/agree", {"revision": 1})).status_code == 200
    assert await ask(score) == [(Decimal(50), 1)]

    assert (await http("head", "PUT", PATH, body("40"))).json()["waits_for"] == str(name("sari"))
    assert await ask(score) == [(Decimal(50), 1)]
    shown = (await http("sari", "GET", PATH)).json()
    assert shown["proposal"][0]["indicators"][0]["target"] == {"kind": "number", "value": "40"}
    assert shown["agreed"][0]["indicators"][0]["title"] == "Jumlah pemeriksaan"
    assert shown["returned_reason"] is None
    assert (await http("sari", "POST", f"{PATH}/agree", {"revision": 2})).status_code == 201
    assert await ask(score) == [(Decimal(25), 2)]


async def test_a_returned_plan_has_a_reason_that_no_event_and_no_message_holds(
    http: Http, tell: Tell, ask: Ask
) -> None:
    await office(tell)
    await http("sari", "PUT", PATH, body())
    assert (await http("head", "POST", f"{PATH}/return", {"revision": 1})).json()["code"] == "invalid-input"
    words = "Target terlalu rendah"
    returned = await http("head", "POST", f"{PATH}/return", {"revision": 1, "reason": words})
    assert (returned.status_code, returned.json()["status"]) == (201, "returned")
    assert await ask("SELECT count(*) FROM texts WHERE body = $1", words) == [(1,)]
    assert (await http("sari", "GET", PATH)).json()["returned_reason"] == words
    held = (
        "SELECT count(*) FROM (SELECT data::text AS t FROM events UNION ALL SELECT body FROM outbox) x WHERE t LIKE $1"
    )
    assert await ask(held, f"%{words}%") == [(0,)]
    assert await ask(held, "%Jumlah pemeriksaan%") == [(0,)]


async def test_targets_that_cannot_be_measured_against_are_refused_and_leave_no_trace(
    http: Http, tell: Tell, ask: Ask
) -> None:
    await office(tell)
    for wrong, code in (
        (body("0"), "invalid-target"),
        (body("0", direction="lower"), "zero-target-needs-rule"),
        (body({"kind": "range", "lo": "9", "hi": "8"}), "invalid-target"),
        (body("-1"), "invalid-input"),
        (body("NaN"), "invalid-input"),
        (body(product="ktp"), "invalid-plan"),
        (body(measure="guess"), "invalid-input"),
        (body(colour="red"), "invalid-input"),
        ({"results": body()["results"] * 2}, "invalid-plan"),
        ({"results": []}, "invalid-input"),
    ):
        answer = await http("sari", "PUT", PATH, wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, code), wrong
    assert await ask("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM texts)") == [(0,)]
    zero = body("0", direction="lower", zero_rule="meets_if_zero")
    assert (await http("sari", "PUT", PATH, zero)).status_code == 201


async def test_plans_agreed_elsewhere_come_in_batches_and_twice_changes_nothing(
    http: Http, tell: Tell, ask: Ask
) -> None:
    await office(tell)
    await tell(entry("a", "sari", 10))
    source = {"system": "e-kinerja", "file_hash": "a" * 64}
    good = {"employee": str(name("sari")), "year": 2026, "source": source, **body()}
    wrong = body("0", title="Nobody keeps this")
    items = [good, good | {"employee": str(fresh_id())}, good | {"year": "x"}, good | wrong, 7]
    answer = await http(None, "POST", "/imports/plans", {"items": items}, "system")
    told = [(each["status"], each.get("code")) for each in answer.json()["results"]]
    assert told[:2] == [(201, None), (422, "unknown-employee")]
    assert told[2:] == [(422, "invalid-input"), (422, "invalid-target"), (422, "invalid-input")]
    assert await ask("SELECT count(*) FROM texts WHERE body LIKE 'Nobody%'") == [(0,)]
    again = await http(None, "POST", "/imports/plans", {"items": [good]}, "system")
    assert [each["status"] for each in again.json()["results"]] == [200]
    assert await ask("SELECT percent, imported FROM review WHERE period = '2026-03'") == [(Decimal(50), True)]
    assert await ask("SELECT count(*) FROM events") == [(1,)]
    assert (await http("sari", "POST", "/imports/plans", {"items": [good]})).status_code == 403
    assert (await http(None, "POST", "/imports/plans", {"items": [good] * 501}, "system")).status_code == 422


async def test_proposals_are_listed_to_whoever_has_to_decide_on_them(http: Http, tell: Tell) -> None:
    await office(tell)

    async def waiting(who: str) -> set[tuple[str, int]]:
        answer = await http(who, "GET", "/plans?waiting=true")
        return {(plan["employee"], plan["proposal_revision"]) for plan in answer.json()["items"]}

    await http("sari", "PUT", PATH, body())
    await http("head", "PUT", f"/plans/{name('budi')}/2026", body())
    sari, budi = (str(name("sari")), 1), (str(name("budi")), 1)
    assert [await waiting(who) for who in ("head", "sari", "budi")] == [{sari}, set(), {budi}]
    # Whoever acts in the head's post decides too, though the proposal names the head.
    await tell(*world.person("budi", "head post", kind="plt"))
    assert [await waiting(who) for who in ("head", "sari", "budi")] == [{sari}, set(), {sari, budi}]
    await http("budi", "POST", f"{PATH}/return", {"revision": 1, "reason": "Lebih tinggi"})
    assert [await waiting(who) for who in ("head", "sari", "budi")] == [set(), set(), {budi}]
    # Without the filter: the plans of whom one may see, a page at a time.
    assert (await http(None, "GET", "/plans?waiting=true", None, "system")).json()["code"] == "employee-required"
    page = (await http("head", "GET", "/plans?limit=1", None, "hr")).json()
    rest = (await http("head", "GET", f"/plans?limit=1&cursor={page['next']}", None, "hr")).json()
    seen = {plan["employee"]: plan["status"] for plan in page["items"] + rest["items"]}
    assert (seen, rest["next"]) == ({sari[0]: "returned", budi[0]: "proposed"}, None)
    assert len((await http("sari", "GET", "/plans")).json()["items"]) == 1


async def test_titles_of_indicators_are_read_of_many_people_at_once_and_of_nobody_out_of_sight(
    http: Http, tell: Tell
) -> None:
    await office(tell)
    await http("sari", "PUT", PATH, body())
    await http("head", "POST", f"{PATH}/agree", {"revision": 1})
    await http("head", "PUT", f"/plans/{name('budi')}/2026", body(id=str(fresh_id()), title="Jumlah kunjungan"))
    asked = f"/indicators?year=2026&employee={name('sari')}&employee={name('budi')}&employee={fresh_id()}"

    async def titles(who: str) -> set[tuple[str, str, str]]:
        found = (await http(who, "GET", asked)).json()["indicators"]
        return {(each["employee"], each["title"], each["unit_label"]) for each in found}

    sari, budi = ((str(name("sari")), "Jumlah pemeriksaan", "kali"), (str(name("budi")), "Jumlah kunjungan", "kali"))
    assert [await titles(who) for who in ("head", "sari", "budi")] == [{sari, budi}, {sari}, {budi}]
    assert (await http("head", "GET", asked.replace("2026", "2025"))).json() == {"indicators": []}
    assert (await http("head", "GET", "/indicators?year=2026")).status_code == 422
