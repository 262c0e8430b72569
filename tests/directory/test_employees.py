"""People through the API: entering, finding, and who may see whom."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.eventstore.database import Database
from shared.ids import fresh_id
from tests.directory.conftest import Call
from tests.directory.test_catalogue import statuses
from tests.directory.test_instansi import told
from tests.directory.world import NIPS, build_world

SITI = {"nip": NIPS["siti"], "name": "Siti Aminah", "kind": "CPNS", "email": "siti@example.org"}


async def test_a_person_is_recognised_by_nip_or_outside_id(medan: Call, worker: Database) -> None:
    assert await statuses(medan, "/employees/batch", [SITI | {"outside": {"simpeg": "7"}}]) == ["created"]
    assert await statuses(medan, "/employees/batch", [{"outside": {"simpeg": "7"}, "kind": "PNS"}]) == ["changed"]
    assert await statuses(medan, "/employees/batch", [{"nip": NIPS["siti"], "outside": {"siasn": "S-9"}}]) == [
        "changed"
    ]
    assert await statuses(medan, "/employees/batch", [{"outside": {"siasn": "S-9"}, "kind": "PNS"}]) == ["unchanged"]
    [employee] = (await medan("GET", "/employees")).json()["items"]
    assert (employee["kind"], employee["outside"]) == ("PNS", {"simpeg": "7", "siasn": "S-9"})
    messages = [m["data"] for m in await told(worker) if m["type"].endswith("employee.changed.v1")]
    assert messages == [
        {"employee": employee["id"], "kind": "CPNS", "active": True},
        {"employee": employee["id"], "kind": "PNS", "active": True},
    ]


async def test_an_id_says_nothing_about_the_person(medan: Call) -> None:
    [first] = (await medan("POST", "/employees/batch", {"items": [SITI]})).json()["results"]
    assert UUID(first["id"]).version == 7
    other = SITI | {"nip": NIPS["budi"]}
    [second] = (await medan("POST", "/employees/batch", {"items": [other]})).json()["results"]
    assert first["id"] != second["id"]


_BAD: list[tuple[Any, str, str]] = [
    (SITI | {"nip": "1.98E+17"}, "nip-damaged-by-spreadsheet", "nip"),
    (SITI | {"nip": "12345"}, "nip-malformed", "nip"),
    ({"name": "Tanpa NIP", "kind": "PNS"}, "identity-missing", "nip"),
    ({"nip": NIPS["siti"], "kind": "PNS"}, "unknown-employee", "name"),
    ({"nip": NIPS["siti"], "name": "Siti"}, "unknown-employee", "kind"),
    (SITI | {"name": "  "}, "invalid-input", "name"),
    (SITI | {"email": "siti"}, "invalid-input", "email"),
    (SITI | {"phone": "call me"}, "invalid-input", "phone"),
    (SITI | {"outside": {"Has Space": "1"}}, "invalid-input", "outside.Has Space.[key]"),
    (SITI | {"active": "yes please"}, "invalid-input", "active"),
]


async def test_each_bad_person_has_a_code_and_field_and_leaves_no_trace(medan: Call) -> None:
    for item, code, field in _BAD:
        answer = (await medan("POST", "/employees/batch", {"items": [item]})).json()
        assert [(result["code"], result["field"]) for result in answer["results"]] == [(code, field)], item
    assert (await medan("GET", "/employees")).json()["items"] == []


async def test_hr_finds_people_by_part_of_the_name_begin_of_the_nip_and_unit(medan: Call) -> None:
    world = await build_world(medan)

    async def found(query: str) -> set[str]:
        items = (await medan("GET", f"/employees?{query}")).json()["items"]
        return {name for name, id in world.ids.items() if str(id) in {item["id"] for item in items}}

    assert await found("q=SITI") == {"siti"}
    assert await found("q=199") == {"siti", "budi", "rudi"}
    assert await found("q=_%25") == set()
    units = {unit["code"]: unit["id"] for unit in (await medan("GET", "/units")).json()["items"]}
    assert await found(f"unit={units['1.2']}") == {"other", "rudi"}
    assert await found(f"unit={units['1']}") == set(world.ids)
    page = (await medan("GET", "/employees?limit=4")).json()
    rest = (await medan("GET", f"/employees?limit=4&cursor={page['next']}")).json()
    assert len({item["id"] for item in page["items"] + rest["items"]}) == 6


#: Whose records each may read: a superior their reports, a leader whoever works below.
SIGHT = {
    ("siti", "staff"): {"siti"},
    ("kasi", "staff"): {"kasi", "siti", "budi"},
    ("camat", "staff"): {"camat", "kasi", "other"},
    ("camat", "leader"): set(NIPS),
    ("kasi", "leader"): {"kasi", "siti", "budi"},
    ("siti", "leader"): {"siti"},
    ("siti", "hr"): set(NIPS),
    ("siti", "auditor"): set(NIPS),
}


async def test_everybody_reads_exactly_whom_they_may(medan: Call) -> None:
    world = await build_world(medan)
    for (who, role), seen in SIGHT.items():
        listed = (await world.by(who, "GET", "/employees", None, role)).json()["items"]
        assert {item["id"] for item in listed} == {str(world.ids[name]) for name in seen}, (who, role)
        for name, id in world.ids.items():
            wanted = 200 if name in seen else 403
            assert (await world.by(who, "GET", f"/employees/{id}", None, role)).status_code == wanted
            assert (await world.by(who, "GET", f"/assignments?employee={id}", None, role)).status_code == wanted


async def test_names_are_shown_of_oneself_the_superior_and_reports(medan: Call) -> None:
    world = await build_world(medan)
    query = "&".join(f"ids={id}" for id in world.ids.values())

    async def seen(who: str, *roles: str) -> set[str]:
        names = (await world.by(who, "GET", f"/names?{query}", None, *roles)).json()["names"]
        return {entry["name"].removeprefix("Nama ").lower() for entry in names}

    assert await seen("siti") == {"siti", "kasi"}
    assert await seen("kasi") == {"kasi", "camat", "siti", "budi"}
    assert await seen("camat", "leader") == await seen("siti", "hr") == set(NIPS)


async def test_me_is_ones_own_record_with_the_superiors_name(medan: Call) -> None:
    world = await build_world(medan)
    me = (await world.by("siti", "GET", "/me")).json()
    assert (me["instansi"], me["employee"]["nip"]) == ("Pemerintah Kota Medan", NIPS["siti"])
    assert me["superior"] == {"id": str(world.ids["kasi"]), "name": "Nama Kasi"}
    assert [a["superior"] for a in me["assignments"]] == [str(world.ids["kasi"])]
    assert (await world.by("camat", "GET", "/me")).json()["superior"] is None
    stranger = await medan("GET", "/me", roles=("staff",), employee=fresh_id())
    assert (stranger.status_code, stranger.json()["code"]) == (404, "not-found")
    assert (await medan("GET", "/me", roles=("system",))).json()["code"] == "employee-required"


async def test_contacts_are_changed_by_oneself_or_hr_and_by_nobody_else(medan: Call, worker: Database) -> None:
    world = await build_world(medan)
    path, sent = f"/employees/{world.ids['siti']}", len(await told(worker))
    mine = await world.by("siti", "PATCH", path, {"email": "baru@example.org", "language": "en"})
    assert (mine.json()["email"], mine.json()["language"], mine.json()["phone"]) == ("baru@example.org", "en", None)
    hr = await world.by("budi", "PATCH", path, {"phone": "+62 811 1111", "email": None}, "hr")
    assert (hr.json()["email"], hr.json()["phone"]) == (None, "+62 811 1111")
    for who in ("kasi", "budi"):
        assert (await world.by(who, "PATCH", path, {"phone": "+62 1"})).status_code == 403
    assert (
        await world.by("budi", "PATCH", f"/employees/{fresh_id()}", {"phone": "+62 811 1"}, "hr")
    ).status_code == 404
    assert (await world.by("siti", "PATCH", path, {"name": "Lain"})).json()["code"] == "invalid-input"
    assert len(await told(worker)) == sent


async def test_colleagues_may_enter_and_look_up_nothing(medan: Call) -> None:
    world = await build_world(medan)
    for path in ("/units/batch", "/positions/batch", "/employees/batch", "/assignments/batch", "/roster/batch"):
        for role in ("staff", "leader", "auditor"):
            assert (await world.by("kasi", "POST", path, {"items": [{}]}, role)).status_code == 403
    for path in ("/employees/lookup", "/contacts", "/roster/absent"):
        assert (await world.by("kasi", "POST", path, {"ids": []}, "staff")).status_code == 403


async def test_another_instansi_sees_nothing(medan: Call, worker: Database) -> None:
    world = await build_world(medan)
    jambi = {"name": "Provinsi Jambi", "zone": "WIB", "first_day": "2026-01-01"}
    assert (await medan("PUT", "/instansi", jambi, roles=("system",), instansi="jambi")).status_code == 201
    for path in ("/employees", "/units", "/positions", "/instansi/rules", "/lookups"):
        own = await medan("GET", path, roles=("hr", "auditor"), instansi="jambi")
        assert own.json()["items"] == ([] if "rules" not in path else own.json()["items"][:1])
    assert (await medan("GET", f"/employees/{world.ids['siti']}", instansi="jambi")).status_code == 404
    lookup = {"purpose": "test", "nips": [NIPS["siti"]], "ids": [str(world.ids["budi"])]}
    found = (await medan("POST", "/employees/lookup", lookup, roles=("system",), instansi="jambi")).json()
    assert found["people"] == []
    async with worker.transaction() as conn:
        rows = (await conn.execute(text("SELECT DISTINCT instansi FROM employees"))).scalars().all()
    assert rows == ["medan"]
