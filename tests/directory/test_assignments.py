"""Dated assignments through the API: entering, ending, taking back."""

from datetime import timedelta
from typing import Any

import pytest

from services.directory.proof import published_is_recorded
from shared.eventstore.database import Database
from shared.ids import fresh_id
from tests.directory.conftest import Call
from tests.directory.test_catalogue import statuses
from tests.directory.test_instansi import told
from tests.directory.world import NIPS, START, World, build_world


@pytest.fixture
async def world(medan: Call) -> World:
    return await build_world(medan)


def acting(who: str, superior: str | None, **more: Any) -> dict[str, Any]:
    """Acting head of section 1.2 from today minus ten days."""
    return {
        "employee": {"nip": NIPS[who]},
        "unit": "1.2",
        "position": "KASI",
        "superior": None if superior is None else {"outside": {"system": "simpeg", "id": f"id-{superior}"}},
        "kind": "plt",
        "valid_from": (START + timedelta(days=90)).isoformat(),
    } | more


async def test_an_acting_post_is_entered_changed_and_left_as_it_is(world: World, worker: Database) -> None:
    assert await statuses(world.call, "/assignments/batch", [acting("siti", "camat")]) == ["created"]
    assert await statuses(world.call, "/assignments/batch", [acting("siti", "camat")]) == ["unchanged"]
    changed = acting("siti", "camat", valid_to=(START + timedelta(days=120)).isoformat())
    assert await statuses(world.call, "/assignments/batch", [changed]) == ["changed"]
    last = (await told(worker))[-1]["data"]
    assert (last["employee"], last["superior"]) == (str(world.ids["siti"]), str(world.ids["camat"]))
    assert (last["kind"], last["valid_to"], last["void"]) == ("plt", changed["valid_to"], False)
    found = (await world.by("siti", "GET", f"/assignments?employee={world.ids['siti']}&all_versions=true")).json()
    assert [(a["kind"], a["version"], a["valid_to"]) for a in found] == [
        ("definitif", 1, None),
        ("plt", 1, None),
        ("plt", 2, changed["valid_to"]),
    ]
    assert await published_is_recorded(worker, "medan") == []


_BAD: list[tuple[Any, str, str]] = [
    (acting("siti", "siti"), "superior-self", "superior"),
    (acting("kasi", "siti"), "superior-circular", "superior"),
    (acting("siti", "camat", kind="definitif"), "definitive-posts-overlap", "valid_from"),
    (acting("siti", "camat", employee={"nip": "199901012025011009"}), "unknown-employee", "employee"),
    (acting("siti", None) | {"superior": {"nip": "199901012025011009"}}, "superior-unknown", "superior"),
    (acting("siti", None) | {"superior": {"id": str(fresh_id())}}, "superior-unknown", "superior"),
    (acting("siti", "camat", unit="9"), "unit-unknown", "unit"),
    (acting("siti", "camat", position="X"), "position-unknown", "position"),
    (acting("siti", "camat", valid_to="2001-01-01"), "ends-before-it-begins", "valid_to"),
    (acting("siti", "camat", employee={}), "invalid-input", "employee"),
    (acting("siti", "camat", employee={"nip": "1.98E+17"}), "nip-damaged-by-spreadsheet", "employee.nip"),
    (acting("siti", "camat", valid_from="31/12/2026"), "invalid-input", "valid_from"),
    (acting("siti", "camat", valid_from="0001-01-01"), "invalid-input", "valid_from"),
    (acting("siti", "camat", valid_from=1772323200), "invalid-input", "valid_from"),
    (acting("siti", "camat", unit=NIPS["siti"]), "invalid-input", "unit"),
    (acting("siti", "camat", kind="pjs"), "invalid-input", "kind"),
]


async def test_each_bad_assignment_has_its_code_and_spoils_no_other(world: World) -> None:
    for item, code, field in _BAD:
        answer = (await world.call("POST", "/assignments/batch", {"items": [item, acting("budi", "camat")]})).json()
        bad, good = answer["results"]
        assert (bad["code"], bad["field"], "code" in good) == (code, field, False), item
    found = (await world.call("GET", f"/assignments?employee={world.ids['siti']}&all_versions=true")).json()
    assert len(found) == 1


async def test_ending_frees_the_days_after_and_voiding_all_of_them(world: World, worker: Database) -> None:
    [post] = (await world.by("siti", "GET", f"/assignments?employee={world.ids['siti']}")).json()
    path, day = f"/assignments/{post['id']}", START + timedelta(days=50)
    ended = await world.call("POST", f"{path}/end", {"last_day": day.isoformat()}, headers={"If-Match": '"1"'})
    assert (ended.status_code, ended.json()["valid_to"], ended.headers["etag"]) == (200, day.isoformat(), '"2"')
    again = await world.call("POST", f"{path}/end", {"last_day": day.isoformat()})
    assert again.json()["version"] == 2
    stale = await world.call("POST", f"{path}/end", {"last_day": None}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    moved = acting("siti", "other", position="STAF", kind="definitif", valid_from=(day + timedelta(1)).isoformat())
    assert await statuses(world.call, "/assignments/batch", [moved]) == ["created"]
    overlapping = await world.call("POST", f"{path}/end", {"last_day": None})
    assert (overlapping.status_code, overlapping.json()["code"]) == (422, "definitive-posts-overlap")
    early = await world.call("POST", f"{path}/end", {"last_day": (START - timedelta(1)).isoformat()})
    assert early.json()["code"] == "ends-before-it-begins"
    void = await world.call("POST", f"{path}/void")
    assert (void.json()["void"], void.json()["version"]) == (True, 3)
    assert (await told(worker))[-1]["data"]["void"] is True
    late = await world.call("POST", f"{path}/end", {"last_day": None})
    assert (late.status_code, late.json()["code"]) == (409, "assignment-void")
    assert await published_is_recorded(worker, None) == []


async def test_only_hr_ends_and_an_unknown_assignment_is_not_found(world: World) -> None:
    [post] = (await world.by("siti", "GET", f"/assignments?employee={world.ids['siti']}")).json()
    for verb, body in (("end", {"last_day": None}), ("void", None)):
        for who in ("siti", "kasi"):
            assert (await world.by(who, "POST", f"/assignments/{post['id']}/{verb}", body)).status_code == 403
        assert (await world.call("POST", f"/assignments/{fresh_id()}/{verb}", body)).status_code == 404


async def test_the_acting_head_sees_the_heads_reports_and_the_unit_shows_its_head(world: World) -> None:
    units = {unit["code"]: unit for unit in (await world.call("GET", "/units")).json()["items"]}
    assert units["1.2"]["head"] == str(world.ids["other"])
    assert await statuses(world.call, "/assignments/batch", [acting("siti", "camat")]) == ["created"]
    rudi = f"/employees/{world.ids['rudi']}"
    assert (await world.by("siti", "GET", rudi)).status_code == 200
    assert (await world.by("budi", "GET", rudi)).status_code == 403
