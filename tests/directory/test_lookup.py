"""Names, numbers and addresses for other systems: only for role system, and every request leaves a trace."""

from typing import Any

import pytest

from shared.ids import fresh_id
from tests.directory.conftest import Call
from tests.directory.world import NIPS, World, build_world

SYSTEM = ("system",)


@pytest.fixture
async def world(medan: Call) -> World:
    return await build_world(medan)


async def test_numbers_become_ids_and_ids_numbers(world: World) -> None:
    stranger = str(fresh_id())
    body = {
        "purpose": "import-activity",
        "nips": ["19900101 201501 2 001", "199901012025011009"],
        "outside": [{"system": "simpeg", "id": "id-budi"}, {"system": "simpeg", "id": "nobody"}],
        "ids": [str(world.ids["rudi"]), stranger],
    }
    answer = (await world.call("POST", "/employees/lookup", body, roles=SYSTEM)).json()
    found = {person["id"]: (person["nip"], person["outside"], person["active"]) for person in answer["people"]}
    assert found == {
        str(world.ids[who]): (NIPS[who], {"simpeg": f"id-{who}"}, True) for who in ("siti", "budi", "rudi")
    }
    assert answer["unknown"] == {
        "nips": ["199901012025011009"],
        "outside": [{"system": "simpeg", "id": "nobody"}],
        "ids": [stranger],
    }


async def test_contacts_are_given_of_active_people(world: World) -> None:
    await world.call("POST", "/employees/batch", {"items": [{"nip": NIPS["budi"], "active": False}]})
    body = {"ids": [str(world.ids["siti"]), str(world.ids["budi"])]}
    answer = (await world.call("POST", "/contacts", body, roles=SYSTEM)).json()
    assert answer == {
        "contacts": [{"id": str(world.ids["siti"]), "name": "Nama Siti", "email": "siti@example.org", "language": "id"}]
    }


async def test_every_request_leaves_a_trace_without_numbers_for_the_auditor(world: World) -> None:
    lookup = {"purpose": "import-activity", "nips": [NIPS["siti"], "199901012025011009"]}
    await world.call("POST", "/employees/lookup", lookup, roles=SYSTEM)
    await world.call("POST", "/contacts", {"ids": [str(world.ids["siti"]), str(world.ids["budi"])]}, roles=SYSTEM)
    listed = (await world.by("camat", "GET", "/lookups", None, "auditor")).json()
    assert [(r["action"], r["purpose"], r["asked"], sorted(r["employees"]), r["caller"]) for r in listed["items"]] == [
        ("contacts", "notification", 2, sorted([str(world.ids["siti"]), str(world.ids["budi"])]), "system"),
        ("lookup", "import-activity", 2, [str(world.ids["siti"])], "system"),
    ]
    assert NIPS["siti"] not in str(listed)
    budi = f"/lookups?employee={world.ids['budi']}"
    assert len((await world.by("camat", "GET", budi, None, "auditor")).json()["items"]) == 1
    [mine] = (await world.by("budi", "GET", budi)).json()["items"]
    assert mine["employees"] == [str(world.ids["budi"])]
    assert (await world.by("siti", "GET", budi)).status_code == 403
    assert (await world.by("siti", "GET", "/lookups", None, "hr")).status_code == 403


async def test_only_a_system_may_ask(world: World) -> None:
    body: dict[str, Any] = {"purpose": "test", "ids": [str(world.ids["siti"])]}
    for role in ("staff", "hr", "leader", "auditor"):
        for path in ("/employees/lookup", "/contacts"):
            answer = await world.by("siti", "POST", path, body, role)
            assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
    assert (await world.by("siti", "GET", "/lookups", None, "auditor")).json()["items"] == []


_WRONG: list[Any] = [
    {"purpose": "test"},
    {"purpose": "test", "ids": [str(fresh_id())] * 501},
    {"purpose": "Because Siti asked", "ids": [str(fresh_id())]},
    {"ids": [str(fresh_id())]},
    {"purpose": "test", "ids": ["siti"]},
    {"purpose": "test", "nips": "1" * 18},
]


async def test_a_wrong_request_is_refused_and_leaves_no_trace(world: World) -> None:
    for body in _WRONG:
        answer = await world.call("POST", "/employees/lookup", body, roles=SYSTEM)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input"), body
    assert (await world.call("GET", "/lookups", roles=("auditor",))).json()["items"] == []
