"""Units and positions, on real PostgreSQL."""

from typing import Any

from sqlalchemy import text

from shared.eventstore.database import Database
from tests.directory.conftest import Call
from tests.directory.test_instansi import told

UNITS = [
    {"code": "1.01.01", "name": "Seksi Pelayanan", "parent": "1.01"},
    {"code": "1.01", "name": "Kecamatan Marelan", "parent": "1", "head_position": "CAMAT"},
    {"code": "1", "name": "Pemerintah Kota"},
]
POSITIONS = [
    {"code": "CAMAT", "title": "Camat", "kind": "JA", "level": "administrator", "requires": {"INTEGRITAS": 3}},
    {"code": "NAKES", "title": "Perawat", "kind": "JF", "level": "ahli-muda", "requires": {"KOMUNIKASI": 4}},
]


async def statuses(call: Call, path: str, items: list[Any]) -> list[str]:
    """created, changed, unchanged or the code of the refusal, of each item."""
    answer = await call("POST", path, {"items": items})
    assert answer.status_code == 200, answer.text
    return [result.get("code") or result["status"] for result in answer.json()["results"]]


async def test_a_parent_may_stand_later_and_the_same_again_changes_nothing(medan: Call, worker: Database) -> None:
    assert await statuses(medan, "/positions/batch", POSITIONS) == ["created"] * 2
    assert await statuses(medan, "/units/batch", UNITS) == ["created"] * 3
    sent = len(await told(worker))
    assert await statuses(medan, "/units/batch", UNITS) == ["unchanged"] * 3
    assert await statuses(medan, "/positions/batch", POSITIONS) == ["unchanged"] * 2
    assert len(await told(worker)) == sent == 6
    units = {unit["code"]: unit for unit in (await medan("GET", "/units")).json()["items"]}
    assert units["1.01.01"]["parent"] == units["1.01"]["id"]
    assert units["1"]["parent"] is None
    below = (await medan("GET", f"/units?parent={units['1']['id']}", roles=("leader",))).json()["items"]
    assert [unit["code"] for unit in below] == ["1.01"]


async def test_what_is_told_has_codes_and_ids_and_no_names(medan: Call, worker: Database) -> None:
    await statuses(medan, "/positions/batch", POSITIONS)
    await statuses(medan, "/units/batch", UNITS)
    messages = (await told(worker))[1:]
    camat, nakes = [m for m in messages if m["type"].endswith("position.changed.v1")]
    if camat["data"]["code"] != "CAMAT":
        camat, nakes = nakes, camat
    assert nakes["data"] == {
        "position": nakes["subject"],
        "code": "NAKES",
        "kind": "JF",
        "level": "Ahli Muda",
        "requires": {"KOMUNIKASI": 4},
    }
    units = {m["data"]["code"]: m for m in messages if m["type"].endswith("unit.changed.v1")}
    assert units["1.01"]["data"] == {
        "unit": units["1.01"]["subject"],
        "code": "1.01",
        "parent": units["1"]["subject"],
        "head_position": camat["subject"],
        "last_day": None,
    }
    assert "Kecamatan" not in str(messages)


async def test_what_is_left_out_stays_and_null_removes(medan: Call) -> None:
    await statuses(medan, "/positions/batch", POSITIONS)
    await statuses(medan, "/units/batch", UNITS)
    assert await statuses(medan, "/units/batch", [{"code": "1.01", "name": "Kec. Marelan"}]) == ["changed"]
    [unit] = (await medan("GET", "/units?code=1.01")).json()["items"]
    assert (unit["name"], unit["parent"] is None, unit["head_position"] is None) == ("Kec. Marelan", False, False)
    assert await statuses(medan, "/units/batch", [{"code": "1.01", "parent": None, "head_position": None}]) == [
        "changed"
    ]
    [unit] = (await medan("GET", "/units?code=1.01")).json()["items"]
    assert (unit["parent"], unit["head_position"]) == (None, None)
    assert await statuses(medan, "/positions/batch", [{"code": "NAKES", "requires": {}}]) == ["changed"]


async def test_each_bad_unit_is_refused_by_itself(medan: Call, worker: Database) -> None:
    items = [
        {"code": "A", "name": "A", "parent": "B"},
        {"code": "B", "name": "B", "parent": "A"},
        {"code": "C", "name": "C", "parent": "NOWHERE"},
        {"code": "D", "name": "D", "parent": "C"},
        {"code": "E"},
        {"code": "F", "name": "F", "head_position": "NOWHERE"},
        {"code": "has space", "name": "G"},
        {"code": "H", "name": "H", "extra": 1},
        "no object",
        {"code": "I", "name": "I"},
    ]
    assert await statuses(medan, "/units/batch", items) == [
        "unit-circular",
        "unit-circular",
        "parent-unknown",
        "parent-unknown",
        "unit-unknown",
        "position-unknown",
        "invalid-input",
        "invalid-input",
        "invalid-input",
        "created",
    ]
    async with worker.transaction() as conn:
        assert (await conn.execute(text("SELECT array_agg(code) FROM units"))).scalar_one() == ["I"]


async def test_a_known_unit_cannot_be_moved_below_its_own_branch(medan: Call) -> None:
    await statuses(medan, "/positions/batch", POSITIONS)
    await statuses(medan, "/units/batch", UNITS)
    assert await statuses(medan, "/units/batch", [{"code": "1", "parent": "1.01.01"}]) == ["unit-circular"]


_BAD_POSITIONS: list[tuple[Any, str, str]] = [
    ({"code": "X", "title": "X", "kind": "JF", "level": "Pratama"}, "level-unknown", "level"),
    ({"code": "X", "title": "X", "kind": "JX", "level": "Pratama"}, "invalid-input", "kind"),
    ({"code": "X", "title": "X", "kind": "JA"}, "position-unknown", "level"),
    ({"code": "NAKES", "requires": {"KOMUNIKASI": 6}}, "invalid-input", "requires.KOMUNIKASI"),
    ({"code": "NAKES", "requires": {"KOMUNIKASI": "4"}}, "invalid-input", "requires.KOMUNIKASI"),
    ({"code": "NAKES", "requires": {"KOMUNIKASI": 2.0}}, "invalid-input", "requires.KOMUNIKASI"),
]


async def test_each_bad_position_has_its_code_and_field(medan: Call) -> None:
    await statuses(medan, "/positions/batch", POSITIONS)
    for item, code, field in _BAD_POSITIONS:
        [result] = (await medan("POST", "/positions/batch", {"items": [item]})).json()["results"]
        assert (result["code"], result["field"]) == (code, field), item


async def test_a_dry_run_answers_the_same_and_writes_nothing(medan: Call, worker: Database) -> None:
    dry = (await medan("POST", "/positions/batch?dry_run=true", {"items": POSITIONS})).json()
    assert len(await told(worker)) == 1
    assert (await medan("POST", "/positions/batch", {"items": POSITIONS})).json() == dry
    assert (dry["created"], dry["refused"]) == (2, 0)


async def test_a_batch_of_501_is_refused_whole(medan: Call) -> None:
    items = [{"code": f"U{n}", "name": "Unit"} for n in range(501)]
    answer = await medan("POST", "/units/batch", {"items": items})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert (await statuses(medan, "/units/batch", items[:500])).count("created") == 500
    first = (await medan("GET", "/units?limit=200")).json()
    second = (await medan("GET", f"/units?limit=200&cursor={first['next']}")).json()
    third = (await medan("GET", f"/units?limit=200&cursor={second['next']}")).json()
    codes = [unit["code"] for page in (first, second, third) for unit in page["items"]]
    assert codes == sorted(f"U{n}" for n in range(500))
    assert third["next"] is None


async def test_nothing_can_be_entered_before_the_instansi_is_registered(call: Call) -> None:
    for path in ("/units/batch", "/positions/batch", "/employees/batch", "/assignments/batch", "/roster/batch"):
        answer = await call("POST", path, {"items": [{}]})
        assert (answer.status_code, answer.json()["code"]) == (409, "unknown-instansi")
