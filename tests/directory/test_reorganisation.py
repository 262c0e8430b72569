"""Reorganisation through the API, on real PostgreSQL."""

from datetime import timedelta
from typing import Any

from services.directory import reorganisation
from services.directory.proof import published_is_recorded
from shared.eventstore.database import Database
from tests.directory.conftest import Call
from tests.directory.test_catalogue import statuses
from tests.directory.test_instansi import told
from tests.directory.world import NIPS, START, build_world, row

DAY = START + timedelta(days=90)
EVE = (DAY - timedelta(days=1)).isoformat()


def person(who: str) -> dict[str, str]:
    return {"nip": NIPS[who]}


def _clerk(who: str) -> dict[str, Any]:
    return {"employee": person(who), "position": "STAF"}


#: Both sections become one under kasi; the other head becomes a clerk there.
MERGER: dict[str, Any] = {
    "day": DAY.isoformat(),
    "units": ["1.1", "1.2"],
    "into": {"code": "1.3", "name": "Seksi Gabungan", "parent": "1", "head_position": "KASI"},
    "head": person("kasi"),
    "posts": [_clerk("other")],
}


async def test_a_merger_is_previewed_carried_out_once_and_told(medan: Call, worker: Database) -> None:
    world = await build_world(medan)
    before = len(await told(worker))
    preview = (await medan("POST", "/reorganisation?dry_run=true", MERGER)).json()
    assert (preview["made"], len(preview["people"]), preview["left"]) == (True, 5, 0)
    assert len(await told(worker)) == before
    done = (await medan("POST", "/reorganisation", MERGER)).json()
    assert done == preview
    assert (await medan("POST", "/reorganisation", MERGER)).json() == {"made": False, "people": [], "left": 0}
    assert len(await told(worker)) == before + 1 + 2 * 5, "the unit, and of each placement the end and what follows"
    people = {each["id"]: each for each in (await medan("GET", "/employees")).json()["items"]}
    [unit] = (await medan("GET", "/units?code=1.3")).json()["items"]
    assert unit["head"] == str(world.ids["kasi"])
    superiors = {"camat": None, "kasi": "camat", "other": "kasi", "siti": "kasi", "budi": "kasi", "rudi": "kasi"}
    assert {who: people[str(world.ids[who])]["superior"] for who in superiors} == {
        who: str(world.ids[superior]) if superior else None for who, superior in superiors.items()
    }
    kept = (await medan("GET", f"/assignments?employee={world.ids['rudi']}")).json()
    assert [(a["valid_from"], a["valid_to"], a["superior"]) for a in kept] == [
        (START.isoformat(), EVE, str(world.ids["other"])),
        (DAY.isoformat(), None, str(world.ids["kasi"])),
    ]
    assert await published_is_recorded(worker, "medan") == []


async def test_a_large_step_goes_on_where_it_stopped(medan: Call, monkeypatch: Any) -> None:
    await build_world(medan)
    monkeypatch.setattr(reorganisation.api, "AT_ONCE", 2)
    left = [(await medan("POST", "/reorganisation", MERGER)).json()["left"] for _ in range(4)]
    assert left == [3, 1, 0, 0]


async def test_a_unit_is_closed_when_it_is_empty_and_stays_readable(medan: Call) -> None:
    await build_world(medan)
    used = await medan("POST", "/units/1.1/close", {"last_day": EVE})
    assert (used.status_code, used.json()["code"], used.json()["people"]) == (409, "unit-in-use", 3)
    await medan("POST", "/reorganisation", MERGER)
    above = await medan("POST", "/units/1/close", {"last_day": EVE})
    assert (above.json()["people"], above.json()["units"]) == (1, 3)
    for code in ("1.1", "1.2"):
        assert (await medan("POST", f"/units/{code}/close", {"last_day": EVE})).json()["last_day"] == EVE
    [closed] = (await medan("GET", "/units?code=1.1")).json()["items"]
    assert (closed["name"], closed["last_day"]) == ("Unit 1.1", EVE)
    late = row("siti") | {"valid_from": DAY.isoformat()}
    assert await statuses(medan, "/roster/batch", [late]) == ["unit-closed"]
    into = await medan("POST", "/reorganisation", MERGER | {"units": ["1.3"], "into": {"code": "1.1"}})
    assert into.json()["code"] == "unit-closed"
    assert (await medan("POST", "/units/1.1/close", {"last_day": None})).json()["last_day"] is None


async def test_what_a_step_may_not_say_is_refused_and_nothing_of_it_stays(medan: Call, worker: Database) -> None:
    await build_world(medan)
    before = len(await told(worker))
    for wrong, code in (
        ({"posts": []}, "head-displaced"),
        ({"units": ["9"]}, "unit-unknown"),
        ({"into": {"code": "1.3"}}, "unit-unknown"),
        ({"head": {"nip": "199901012025011009"}}, "unknown-employee"),
        ({"head": person("camat"), "posts": [_clerk("other"), _clerk("kasi")]}, "head-unplaced"),
        ({"posts": [{"employee": person("other"), "position": "X"}]}, "position-unknown"),
        ({"superior": person("siti")}, "superior-circular"),
        ({"day": "besok"}, "invalid-input"),
    ):
        answer = await medan("POST", "/reorganisation", MERGER | wrong)
        assert answer.json()["code"] == code, answer.text
    assert (await medan("POST", "/reorganisation", MERGER, roles=("leader",))).json()["code"] == "role-required"
    assert len(await told(worker)) == before
