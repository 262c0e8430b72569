"""The steps that many tests of the HTTP face begin with."""

from typing import Any

import httpx

from tests.training.conftest import As, Hear
from tests.training.world import gap, person

TALK: dict[str, Any] = {
    "code": "KOM-01",
    "title": "Komunikasi pelayanan publik",
    "provider": "BPSDM Sumut",
    "kind": "klasikal",
    "jp": 16,
    "competencies": {"komunikasi": 3},
}


async def catalogue(http: httpx.AsyncClient, as_: As, *courses: dict[str, Any]) -> list[dict[str, Any]]:
    """Write courses into the catalogue; the results."""
    body = {"items": list(courses or [TALK])}
    answer = await http.post("/courses/batch", json=body, headers=as_("Hana", "hr"))
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


async def plan_of(http: httpx.AsyncClient, as_: As, name: str = "Ani") -> dict[str, Any]:
    """The one development plan of a person."""
    answer = await http.get("/development-plans", params={"employee": str(person(name))}, headers=as_("Hana", "hr"))
    [plan] = answer.json()["items"]
    return dict(plan)


async def approved(http: httpx.AsyncClient, as_: As, hear: Hear, name: str = "Ani") -> dict[str, Any]:
    """Course, gap, plan, approval by Budi: the enrolment that follows."""
    await catalogue(http, as_)
    await hear(gap(person(name), "komunikasi", 1))
    return await approve(http, as_, name)


async def approve(http: httpx.AsyncClient, as_: As, name: str) -> dict[str, Any]:
    """Budi approves the person's plan: the enrolment that follows."""
    plan = await plan_of(http, as_, name)
    headers = as_("Budi", **{"If-Match": f'"{plan["version"]}"'})
    answer = await http.post(f"/development-plans/{plan['id']}/approve", json={}, headers=headers)
    assert answer.status_code == 200, answer.text
    return await enrolment_of(http, as_, name)


async def enrolment_of(http: httpx.AsyncClient, as_: As, name: str = "Ani") -> dict[str, Any]:
    """The one enrolment of a person that is neither completed nor cancelled."""
    asked = {"employee": str(person(name)), "status": "enrolled"}
    answer = await http.get("/enrolments", params=asked, headers=as_("Hana", "hr"))
    [enrolment] = answer.json()["items"]
    return dict(enrolment)


async def completed(http: httpx.AsyncClient, as_: As, hear: Hear, name: str = "Ani") -> dict[str, Any]:
    """The enrolment of an approved plan after its completion."""
    enrolment = await approved(http, as_, hear, name)
    body = {"on": "2026-04-02", "certificate": "SERT/001/2026"}
    answer = await http.post(f"/enrolments/{enrolment['id']}/complete", json=body, headers=as_(name))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
