"""Who sees and does what: every route with another instansi's token and with a colleague's."""

from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from services.training.app import SERVICE
from tests.training.conftest import As, Hear
from tests.training.story import completed
from tests.training.world import directory, gap, person

pytestmark = pytest.mark.usefixtures("medan")

ROUTES = [
    (method, route.path)
    for router in SERVICE.routers
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods or ()
]
LISTS = ("/needs", "/development-plans", "/enrolments")


@pytest.fixture
async def places(http: httpx.AsyncClient, as_: As, hear: Hear) -> dict[str, str]:
    """Ani's records, for the places in the routes' paths."""
    enrolment = await completed(http, as_, hear)
    return {
        "plan": enrolment["plan"],
        "enrolment": enrolment["id"],
        "employee": str(person("Ani")),
        "competency": "komunikasi",
    }


BODIES: dict[str, dict[str, Any]] = {
    "/courses/batch": {"items": [{}]},
    "/imports/learning-hours": {"items": [{}]},
    "/development-plans/{plan}/approve": {},
    "/development-plans/{plan}/return": {"reason": "x"},
    "/development-plans/{plan}/choose": {"items": [{"need": str(person("n")), "course": str(person("c"))}]},
    "/enrolments/{enrolment}/complete": {"on": "2026-04-02", "certificate": "X"},
    "/enrolments/{enrolment}/confirm": {"competency": "komunikasi", "level": 3, "reason": "x"},
    "/enrolments/{enrolment}/cancel": {"reason": "x"},
    "/competencies/{employee}/{competency}/confirm": {"level": 3, "reason": "x"},
}


async def ask(http: httpx.AsyncClient, headers: dict[str, str], method: str, path: str, places: Any) -> httpx.Response:
    url, body = path.format(**places), BODIES.get(path) if method == "POST" else None
    return await http.request(method, url, json=body, headers=headers | {"If-Match": '"2"'})


async def test_every_route_refuses_another_instansi_and_strangers(
    http: httpx.AsyncClient, as_: As, places: dict[str, str]
) -> None:
    assert len(ROUTES) == 17
    for method, path in ROUTES:
        other = as_("Ani", "hr", "auditor", "leader", instansi="jambi")
        answer = await ask(http, other, method, path, places)
        assert (answer.status_code, answer.json()["code"]) == (403, "other-instansi"), path
        assert (await ask(http, {}, method, path, places)).status_code == 401, path


async def test_a_colleague_sees_and_does_nothing(http: httpx.AsyncClient, as_: As, places: dict[str, str]) -> None:
    for method, path in ROUTES:
        answer = await ask(http, as_("Tono"), method, path, places)
        if path in LISTS:
            assert answer.json()["items"] == [], path
            asked = {"employee": places["employee"]}
            assert (await http.get(path, params=asked, headers=as_("Tono"))).status_code == 403, path
        elif path != "/courses":
            assert answer.status_code == 403, path


@pytest.mark.parametrize(
    ("name", "roles"), [("Ani", ()), ("Budi", ()), ("Hana", ("hr",)), ("Hana", ("auditor",)), ("Kadis", ("leader",))]
)
async def test_own_superior_hr_auditor_and_leader_of_the_unit_may_read(
    http: httpx.AsyncClient, as_: As, places: dict[str, str], name: str, roles: tuple[str, ...]
) -> None:
    for path in LISTS:
        assert len((await http.get(path, headers=as_(name, *roles))).json()["items"]) == 1, path
    for path in ("/development-plans/{plan}", "/enrolments/{enrolment}", "/employees/{employee}/jp"):
        assert (await ask(http, as_(name, *roles), "GET", path, places)).status_code == 200, path


async def test_a_leader_reads_only_what_they_head(http: httpx.AsyncClient, as_: As, places: dict[str, str]) -> None:
    for name, role in (("Tono", "leader"), ("Kadis", "staff")):
        answer = await ask(http, as_(name, role), "GET", "/development-plans/{plan}", places)
        assert answer.status_code == 403, (name, role)


async def test_what_is_heard_of_another_instansi_stays_there(
    http: httpx.AsyncClient, as_: As, hear: Hear, places: dict[str, str]
) -> None:
    await hear(*directory({"Sari": None}, instansi="jambi"), gap(person("Sari"), "komunikasi", 1, instansi="jambi"))
    for path in LISTS:
        items = (await http.get(path, headers=as_("Hana", "hr"))).json()["items"]
        assert {item["employee"] for item in items} == {places["employee"]}
