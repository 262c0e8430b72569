"""A roster through the API, on real PostgreSQL."""

from typing import Any

from sqlalchemy import text

from services.directory.proof import published_is_recorded
from shared.eventstore.database import Database
from tests.directory.conftest import Call
from tests.directory.test_catalogue import statuses
from tests.directory.test_instansi import told
from tests.directory.world import NIPS, START, build_world, row

EVERYBODY = list(NIPS)


async def tables(worker: Database) -> dict[str, Any]:
    """Every row of every table of the directory, without ids of people that each run makes anew."""
    found = {}
    async with worker.transaction() as conn:
        for table in ("units", "positions", "employees", "outside_ids", "assignments", "outbox", "published"):
            found[table] = (
                (await conn.execute(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY 1::text"))).scalars().all()
            )
    return found


async def test_the_same_roster_twice_changes_nothing(medan: Call, worker: Database) -> None:
    await build_world(medan)
    before = await tables(worker)
    assert await statuses(medan, "/roster/batch", [row(who) for who in EVERYBODY]) == ["unchanged"] * 6
    assert await tables(worker) == before
    assert [len(before[name]) for name in ("units", "positions", "employees", "assignments")] == [3, 3, 6, 6]
    assert await published_is_recorded(worker, None) == []


async def test_no_name_nip_or_address_leaves_the_directory(medan: Call, worker: Database) -> None:
    await build_world(medan)
    sent = str([*await told(worker), *(await tables(worker))["published"]])
    for who, nip in NIPS.items():
        for secret in (nip, f"Nama {who.title()}", f"{who}@example.org", f"id-{who}"):
            assert secret not in sent
    assert "assignment.changed" in sent


async def test_a_roster_is_an_import_to_whoever_listens(medan: Call, worker: Database) -> None:
    await build_world(medan)
    assert {m["origin"] for m in (await told(worker))[1:]} == {"import"}


async def test_a_superior_in_a_later_batch_is_waited_for(medan: Call) -> None:
    assert await statuses(medan, "/roster/batch", [row("siti")]) == ["superior-unknown"]
    assert (await medan("GET", "/employees")).json()["items"] == []
    assert await statuses(medan, "/roster/batch", [row("camat"), row("kasi")]) == ["created"] * 2
    assert await statuses(medan, "/roster/batch", [row("siti")]) == ["created"]


async def test_bad_rows_are_told_apart_and_leave_no_trace(medan: Call, worker: Database) -> None:
    await build_world(medan)
    before = await tables(worker)
    new = {"nip": "199901012025011009", "name": "Baru"}
    rows = [
        row("siti") | {"nip": "1.99E+17"},
        row("siti") | {"superior_nip": "1,98E+17"},
        row("siti") | {"nip": "123"},
        row("siti") | {"nip": 199001012015012001},
        row("siti") | new | {"superior_nip": "199901012025011008", "outside": None},
        row("siti") | new | {"superior_nip": new["nip"], "outside": None},
        row("kasi") | {"superior_nip": NIPS["siti"]},
        row("siti") | {"unit_code": "1.2", "unit_name": None, "valid_from": "2026-02-30"},
        row("siti") | {"position_code": "LAIN", "valid_from": START.replace(day=1).isoformat()},
        row("budi") | {"outside": {"simpeg": "id-rudi"}},
        row("rudi") | {"email": "not an address"},
        row("rudi") | {"name": "a\u0007b"},
        row("rudi") | {"kind": "HONORER"},
    ]
    expected = [
        "nip-damaged-by-spreadsheet",
        "nip-damaged-by-spreadsheet",
        "nip-malformed",
        "invalid-input",
        "superior-unknown",
        "superior-self",
        "superior-circular",
        "invalid-input",
        "definitive-posts-overlap",
        "identity-conflict",
        "invalid-input",
        "invalid-input",
        "invalid-input",
    ]
    for bad, code in zip(rows, expected, strict=True):
        answer = (await medan("POST", "/roster/batch", {"items": [bad]})).json()
        assert [result.get("code") for result in answer["results"]] == [code]
        assert answer["results"][0]["field"]
        assert NIPS["siti"] not in str(answer)
    assert await tables(worker) == before


async def test_a_dry_run_says_new_changed_and_unchanged_and_writes_nothing(medan: Call, worker: Database) -> None:
    await build_world(medan)
    before = await tables(worker)
    new = row("siti") | {"nip": "199901012025011009", "name": "Baru", "outside": None}
    items = [new, row("siti") | {"email": "new@example.org"}, row("budi")]
    answer = (await medan("POST", "/roster/batch?dry_run=true", {"items": items})).json()
    assert [result["status"] for result in answer["results"]] == ["created", "changed", "unchanged"]
    assert answer["results"][0]["id"] is None
    assert await tables(worker) == before


async def test_who_is_absent_from_a_file_is_listed(medan: Call) -> None:
    world = await build_world(medan)
    body = {
        "nips": [NIPS["camat"], NIPS["kasi"], "19900101 201501 2 001", "1.98E+17"],
        "outside": [{"system": "simpeg", "id": "id-rudi"}],
    }
    answer = (await medan("POST", "/roster/absent", body)).json()
    assert answer["count"] == 2
    assert sorted(answer["ids"]) == sorted(str(world.ids[who]) for who in ("budi", "other"))
    assert (await medan("POST", "/roster/absent", {"nips": list(NIPS.values())})).json() == {"count": 0, "ids": []}


async def test_who_changes_the_post_is_moved_by_ending_the_old_one(medan: Call) -> None:
    await build_world(medan)
    ended = row("siti") | {"valid_to": "2026-12-31"}
    moved = row("siti") | {"unit_code": "1.2", "unit_name": None, "unit_parent_code": None, "valid_from": "2027-01-01"}
    assert await statuses(medan, "/roster/batch", [moved]) == ["definitive-posts-overlap"]
    assert await statuses(medan, "/roster/batch", [moved, ended]) == ["changed"] * 2
