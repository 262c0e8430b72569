"""The course catalogue over HTTP: batches in which each course stands for itself."""

from typing import Any

import httpx
import pytest

from tests.training.conftest import As, Hear
from tests.training.story import TALK, catalogue, plan_of
from tests.training.world import gap, person

pytestmark = pytest.mark.usefixtures("medan")


def outcomes(results: list[dict[str, Any]]) -> list[Any]:
    return [(result["course"], result.get("outcome") or result["code"]) for result in results]


async def test_a_course_is_new_then_unchanged_then_changed(http: httpx.AsyncClient, as_: As) -> None:
    assert outcomes(await catalogue(http, as_)) == [("KOM-01", "new")]
    assert outcomes(await catalogue(http, as_)) == [("KOM-01", "unchanged")]
    assert outcomes(await catalogue(http, as_, TALK | {"jp": 24})) == [("KOM-01", "changed")]
    listed = (await http.get("/courses", headers=as_("Ani"))).json()["items"]
    assert [(course["code"], course["jp"], course["runs"]) for course in listed] == [("KOM-01", 24, [])]


async def test_a_dry_run_says_the_same_and_writes_nothing(http: httpx.AsyncClient, as_: As) -> None:
    body = {"items": [TALK, TALK | {"code": "B", "jp": 0}]}
    answer = await http.post("/courses/batch?dry_run=true", json=body, headers=as_("Hana", "hr"))
    assert outcomes(answer.json()["results"]) == [("KOM-01", "new"), ("B", "invalid-input")]
    assert (await http.get("/courses", headers=as_("Ani"))).json()["items"] == []


async def test_one_bad_course_does_not_spoil_the_others(http: httpx.AsyncClient, as_: As) -> None:
    run = {"starts": "2026-05-02", "ends": "2026-05-01"}
    bad: dict[str, Any] = {
        "jp": {"jp": -1},
        "jp as text": {"jp": "16"},
        "level 6": {"competencies": {"komunikasi": 6}},
        "no competency": {"competencies": {}},
        "kind": {"kind": "online"},
        "run backwards": {"runs": [run]},
        "day as number": {"runs": [{"starts": 20260501, "ends": "2026-05-02"}]},
        "unknown field": {"price": 5},
        "words as code": {"code": "Ani Sitompul"},
        "no title": {"title": " "},
    }
    results = await catalogue(http, as_, *(TALK | change for change in bad.values()), TALK)
    assert [result.get("code") for result in results] == ["invalid-input"] * len(bad) + [None]
    assert [result["status"] for result in results] == [422] * len(bad) + [201]
    assert results[0]["errors"][0]["field"] == "jp"


async def test_the_same_code_twice_counts_once(http: httpx.AsyncClient, as_: As) -> None:
    results = await catalogue(http, as_, TALK, TALK, TALK | {"jp": 24})
    assert outcomes(results) == [("KOM-01", "new"), ("KOM-01", "new"), ("KOM-01", "course-twice-in-batch")]
    assert (await http.get("/courses", headers=as_("Ani"))).json()["items"][0]["jp"] == 16


@pytest.mark.parametrize("body", [{"items": []}, {"items": [TALK] * 501}, {}, {"items": [TALK], "more": 1}])
async def test_an_empty_oversized_or_odd_batch_is_refused(http: httpx.AsyncClient, as_: As, body: Any) -> None:
    answer = await http.post("/courses/batch", json=body, headers=as_("Hana", "hr"))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")


async def test_only_hr_and_systems_write_the_catalogue(http: httpx.AsyncClient, as_: As) -> None:
    for roles in ((), ("leader",), ("auditor",)):
        answer = await http.post("/courses/batch", json={"items": [TALK]}, headers=as_("Ani", *roles))
        assert (answer.status_code, answer.json()["code"]) == (403, "role-required")


async def test_pages_and_filters_of_the_catalogue(http: httpx.AsyncClient, as_: As) -> None:
    other = {"competencies": {"hukum": 2}}
    await catalogue(http, as_, *(TALK | {"code": code} for code in "CAB"), TALK | other | {"code": "D"})
    await catalogue(http, as_, TALK | {"code": "B", "active": False})
    first = (await http.get("/courses?limit=2", headers=as_("Ani"))).json()
    rest = (await http.get("/courses", params={"limit": 2, "cursor": first["next"]}, headers=as_("Ani"))).json()
    assert [course["code"] for course in first["items"] + rest["items"]] == ["A", "C", "D"]
    assert rest["next"] is None
    found = (await http.get("/courses?competency=hukum", headers=as_("Ani"))).json()["items"]
    assert [course["code"] for course in found] == ["D"]


async def test_a_course_that_arrives_after_the_gap_is_proposed(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    await hear(gap(person("Ani"), "komunikasi", 1))
    before = await plan_of(http, as_)
    assert [(item["competency"], item["course"]) for item in before["items"]] == [("komunikasi", None)]
    [result] = await catalogue(http, as_)
    after = await plan_of(http, as_)
    assert ([item["course"] for item in after["items"]], after["version"]) == ([result["id"]], 2)
    await catalogue(http, as_, TALK | {"code": "HUK", "competencies": {"hukum": 3}})
    assert (await plan_of(http, as_))["version"] == 2, "a course for something else changes nothing"


async def test_a_course_that_is_withdrawn_is_proposed_no_longer(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    [_, larger] = await catalogue(http, as_, TALK, TALK | {"code": "KOM-02", "jp": 40})
    await hear(gap(person("Ani"), "komunikasi", 1))
    await catalogue(http, as_, TALK | {"active": False})
    assert [item["course"] for item in (await plan_of(http, as_))["items"]] == [larger["id"]]
    await catalogue(http, as_, TALK | {"code": "KOM-02", "jp": 40, "competencies": {"hukum": 3}})
    assert [item["course"] for item in (await plan_of(http, as_))["items"]] == [None]
