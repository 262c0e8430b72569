"""Deciding about plans over HTTP, on the real database with real tokens."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.training.conftest import As, Hear
from tests.training.story import TALK, catalogue, enrolment_of, plan_of
from tests.training.world import gap, person, placement, received

pytestmark = pytest.mark.usefixtures("medan")

LARGER = TALK | {"code": "KOM-02", "jp": 40}


@pytest.fixture
async def plan(http: httpx.AsyncClient, as_: As, hear: Hear) -> dict[str, Any]:
    """Ani's proposed plan with the smaller of two courses."""
    await catalogue(http, as_, TALK, LARGER)
    await hear(gap(person("Ani"), "komunikasi", 1))
    return await plan_of(http, as_)


def seen(plan: dict[str, Any]) -> dict[str, str]:
    return {"If-Match": f'"{plan["version"]}"'}


async def test_the_superior_sees_what_waits_and_approves_it(
    http: httpx.AsyncClient, as_: As, plan: dict[str, Any]
) -> None:
    waiting = (await http.get("/development-plans?waiting=true", headers=as_("Budi"))).json()["items"]
    assert [(row["id"], row["status"]) for row in waiting] == [(plan["id"], "proposed")]
    assert (await http.get("/development-plans?waiting=true", headers=as_("Kadis"))).json()["items"] == []
    shown = await http.get(f"/development-plans/{plan['id']}", headers=as_("Budi"))
    assert shown.headers["ETag"] == '"1"'
    assert shown.json()["items"][0]["course_title"] == "Komunikasi pelayanan publik"
    headers = as_("Budi", **{"If-Match": shown.headers["ETag"]})
    answer = await http.post(f"/development-plans/{plan['id']}/approve", json={}, headers=headers)
    assert (answer.status_code, answer.json()["status"], answer.headers["ETag"]) == (200, "approved", '"2"')
    enrolment = await enrolment_of(http, as_)
    assert (enrolment["course"], enrolment["status"]) == (plan["items"][0]["course"], "enrolled")
    assert enrolment["needs"] == [plan["items"][0]["need"]]
    assert (await http.get("/development-plans?waiting=true", headers=as_("Budi"))).json()["items"] == []


async def test_who_is_not_the_superior_cannot_decide(http: httpx.AsyncClient, as_: As, plan: dict[str, Any]) -> None:
    for name, *roles in (("Ani",), ("Tono",), ("Kadis", "leader"), ("Hana", "hr"), ("Hana", "auditor")):
        for action, body in (("approve", {"reason": "x"}), ("return", {"reason": "x"})):
            headers = as_(name, *roles, **seen(plan))
            answer = await http.post(f"/development-plans/{plan['id']}/{action}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "not-the-superior"), name
    assert (await plan_of(http, as_))["version"] == 1


async def test_hr_decides_with_a_reason_where_there_is_no_superior(
    http: httpx.AsyncClient, as_: As, hear: Hear
) -> None:
    await catalogue(http, as_)
    await hear(gap(person("Yuni"), "komunikasi", 1), gap(person("Hana"), "komunikasi", 1))
    plan = await plan_of(http, as_, "Yuni")
    headers = as_("Hana", "hr", **seen(plan))
    answer = await http.post(f"/development-plans/{plan['id']}/approve", json={}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "reason-required")
    answer = await http.post(
        f"/development-plans/{plan['id']}/approve", json={"reason": "Atasan kosong"}, headers=headers
    )
    assert answer.json()["status"] == "approved"
    shown = (await http.get(f"/development-plans/{plan['id']}", headers=as_("Yuni"))).json()
    assert (shown["reason"], shown["decided_by"]) == ("Atasan kosong", str(person("Hana")))


async def test_nobody_decides_about_their_own_plan_as_hr(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    await catalogue(http, as_)
    await hear(gap(person("Yuni"), "komunikasi", 1))
    plan = await plan_of(http, as_, "Yuni")
    headers = as_("Yuni", "hr", **seen(plan))
    answer = await http.post(f"/development-plans/{plan['id']}/approve", json={"reason": "x"}, headers=headers)
    assert answer.json()["code"] == "not-the-superior"


async def test_when_the_superior_leaves_the_successor_decides(
    http: httpx.AsyncClient, as_: As, hear: Hear, plan: dict[str, Any]
) -> None:
    unit, seat = person("medan-unit"), person("Budi-seat")
    left = placement("Budi", "Kadis", unit=unit, valid_to="2026-02-28")
    takes = placement("Yuni", "Kadis", unit=unit, position=seat, kind="plt", assignment=person("Yuni-plt"))
    await hear(received(left, person("Budi-placement"), 2), received(takes, person("Yuni-plt"), 1))
    waiting = (await http.get("/development-plans?waiting=true", headers=as_("Yuni"))).json()["items"]
    assert [row["id"] for row in waiting] == [plan["id"]]
    url = f"/development-plans/{plan['id']}/approve"
    answer = await http.post(url, json={}, headers=as_("Budi", **seen(plan)))
    assert answer.status_code == 403
    assert (await http.post(url, json={}, headers=as_("Yuni", **seen(plan)))).status_code == 200


async def test_a_decision_names_the_newest_version(
    http: httpx.AsyncClient, as_: As, hear: Hear, plan: dict[str, Any]
) -> None:
    url = f"/development-plans/{plan['id']}/approve"
    answer = await http.post(url, json={}, headers=as_("Budi"))
    assert (answer.status_code, answer.json()["code"]) == (428, "if-match-required")
    await hear(gap(person("Ani"), "hukum", 1))
    answer = await http.post(url, json={}, headers=as_("Budi", **seen(plan)))
    assert (answer.status_code, answer.json()["code"], answer.json()["version"]) == (412, "stale-version", 2)
    listed = (await http.get("/enrolments", headers=as_("Ani"))).json()["items"]
    assert listed == [], "nothing of a refused approval stays"


async def test_two_approvals_at_once_enrol_once(http: httpx.AsyncClient, as_: As, plan: dict[str, Any]) -> None:
    url = f"/development-plans/{plan['id']}/approve"
    answers = await asyncio.gather(*(http.post(url, json={}, headers=as_("Budi", **seen(plan))) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert len((await http.get("/enrolments", headers=as_("Ani"))).json()["items"]) == 1


async def test_one_course_for_two_needs_is_one_seat(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    await catalogue(http, as_, TALK | {"competencies": {"komunikasi": 3, "tim": 4}})
    await hear(gap(person("Ani"), "komunikasi", 1), gap(person("Ani"), "tim", 1))
    plan = await plan_of(http, as_)
    url = f"/development-plans/{plan['id']}/approve"
    assert (await http.post(url, json={}, headers=as_("Budi", **seen(plan)))).status_code == 200
    [enrolment] = (await http.get("/enrolments", headers=as_("Ani"))).json()["items"]
    assert enrolment["competencies"] == ["komunikasi", "tim"]


async def test_seats_of_a_run_are_not_given_twice(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    runs = [
        {"starts": "2990-04-01", "ends": "2990-04-03", "seats": 1},
        {"starts": "2990-05-01", "ends": "2990-05-03", "seats": 1},
        {"starts": "2020-05-01", "ends": "2020-05-03"},
    ]
    await catalogue(http, as_, TALK | {"runs": runs})
    people = {"Ani": "Budi", "Tono": "Budi", "Hana": "Kadis"}
    await hear(*(gap(person(name), "komunikasi", 1) for name in people))
    plans = {name: await plan_of(http, as_, name) for name in people}
    answers = await asyncio.gather(
        *(
            http.post(
                f"/development-plans/{plans[name]['id']}/approve", json={}, headers=as_(superior, **seen(plans[name]))
            )
            for name, superior in people.items()
        )
    )
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    starts = [(await enrolment_of(http, as_, name))["starts"] for name in people]
    assert sorted(starts, key=str) == ["2990-04-01", "2990-05-01", None]


async def test_a_returned_plan_is_proposed_anew_with_other_courses(
    http: httpx.AsyncClient, as_: As, hear: Hear, plan: dict[str, Any]
) -> None:
    url = f"/development-plans/{plan['id']}"
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x\x00y"}):
        answer = await http.post(f"{url}/return", json=body, headers=as_("Budi", **seen(plan)))
        assert answer.status_code in (400, 422), body
    answer = await http.post(f"{url}/return", json={"reason": "Terlalu ringan"}, headers=as_("Budi", **seen(plan)))
    assert answer.json()["status"] == "returned"
    assert (await http.get(url, headers=as_("Ani"))).json()["reason"] == "Terlalu ringan"
    courses = (await http.get("/courses", headers=as_("Ani"))).json()["items"]
    larger = next(course["id"] for course in courses if course["code"] == "KOM-02")
    choice = {"items": [{"need": plan["items"][0]["need"], "course": larger}]}
    returned = {"version": 2}
    assert (await http.post(f"{url}/choose", json=choice, headers=as_("Tono", **seen(returned)))).status_code == 403
    chosen = await http.post(f"{url}/choose", json=choice, headers=as_("Ani", **seen(returned)))
    assert (chosen.status_code, chosen.json()["status"]) == (200, "proposed")
    await hear(gap(person("Ani"), "komunikasi", 2, level=1))
    assert [item["course"] for item in (await plan_of(http, as_))["items"]] == [larger], "a choice stays"
    assert (await http.get(url, headers=as_("Ani"))).json()["reason"] is None


async def test_a_course_that_does_not_fit_cannot_be_chosen(
    http: httpx.AsyncClient, as_: As, plan: dict[str, Any]
) -> None:
    [law] = await catalogue(http, as_, TALK | {"code": "HUK", "competencies": {"hukum": 3}})
    url, need = f"/development-plans/{plan['id']}/choose", plan["items"][0]["need"]
    for course in (law["id"], str(person("nothing"))):
        body = {"items": [{"need": need, "course": course}]}
        answer = await http.post(url, json=body, headers=as_("Ani", **seen(plan)))
        assert (answer.status_code, answer.json()["code"]) == (422, "course-does-not-fit")
    body = {"items": [{"need": str(person("nothing")), "course": law["id"]}]}
    answer = await http.post(url, json=body, headers=as_("Ani", **seen(plan)))
    assert (answer.status_code, answer.json()["code"]) == (409, "need-not-waiting")


async def test_a_plan_without_any_course_cannot_be_approved(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    await hear(gap(person("Ani"), "komunikasi", 1))
    plan = await plan_of(http, as_)
    url = f"/development-plans/{plan['id']}/approve"
    answer = await http.post(url, json={}, headers=as_("Budi", **seen(plan)))
    assert (answer.status_code, answer.json()["code"]) == (409, "no-course-yet")
