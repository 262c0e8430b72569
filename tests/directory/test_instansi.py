"""The agency and its rules, on real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from services.directory.instansi.queries import announce_due_rules
from shared.eventstore.database import Database
from tests.directory.conftest import MEDAN, Call

SYSTEM = ("system",)


async def told(worker: Database) -> list[dict[str, Any]]:
    """Every message that left, oldest first."""
    async with worker.transaction() as conn:
        return [
            orjson.loads(body) for body in (await conn.execute(text("SELECT body FROM outbox ORDER BY id"))).scalars()
        ]


async def test_a_new_instansi_gets_the_national_policy_and_is_told(medan: Call, worker: Database) -> None:
    [message] = await told(worker)
    assert message["type"] == "id.go.kinerja.directory.instansi.changed.v1"
    assert message["data"] == {
        "zone": "Asia/Jakarta",
        "first_day": "2026-01-01",
        "holidays": ["2026-08-17"],
        "policy": {
            "version": 1,
            "period_kind": "month",
            "late_after_working_days": 5,
            "verification_grace_working_days": 5,
            "gap_threshold_percent": "70",
            "score_above_percent": "110",
            "score_meets_percent": "90",
            "achievement_cap_percent": "120",
            "daily_summary_at": "16:00",
        },
        "suspended": False,
    }


async def test_the_same_again_changes_nothing_and_a_new_threshold_is_a_new_version(
    medan: Call, worker: Database
) -> None:
    same = await medan("PUT", "/instansi", MEDAN, roles=SYSTEM)
    assert (same.status_code, same.json()["status"], same.headers["etag"]) == (200, "unchanged", '"1"')
    policy = {"policy": {"gap_threshold_percent": "75.5"}}
    changed = (await medan("PUT", "/instansi", policy, roles=SYSTEM)).json()
    assert changed == {"instansi": "medan", "status": "changed", "version": 2}
    messages = await told(worker)
    assert [m["data"]["policy"]["gap_threshold_percent"] for m in messages] == ["70", "75.5"]
    assert [m["sourceversion"] for m in messages] == [1, 2]
    assert messages[0]["subject"] == messages[1]["subject"]
    history = (await medan("GET", "/instansi/rules")).json()["items"]
    assert [(rule["version"], rule["zone"], rule["recorded_by"]) for rule in history] == [
        (2, "Asia/Jakarta", "system"),
        (1, "Asia/Jakarta", "system"),
    ]


async def test_a_new_name_is_no_new_version_of_the_rules(medan: Call, worker: Database) -> None:
    answer = (await medan("PUT", "/instansi", {"name": "Kota Medan"}, roles=SYSTEM)).json()
    assert (answer["status"], answer["version"]) == ("changed", 1)
    assert (await medan("GET", "/instansi", roles=("auditor",))).json()["name"] == "Kota Medan"
    assert len(await told(worker)) == 1


async def test_rules_for_a_day_to_come_are_told_when_the_day_has_begun(medan: Call, worker: Database) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    planned = {"policy": {"period_kind": "quarter"}, "effective_from": day}
    assert (await medan("PUT", "/instansi", planned, roles=SYSTEM)).json()["version"] == 2
    shown = (await medan("GET", "/instansi")).json()
    assert (shown["rules"]["version"], shown["planned"]["version"]) == (1, 2)
    await announce_due_rules(worker)
    assert len(await told(worker)) == 1
    again = await medan("PUT", "/instansi", planned, roles=SYSTEM)
    assert again.json()["status"] == "unchanged"
    # The day has come: what was planned began a minute ago.
    async with worker.transaction() as conn:
        await conn.execute(
            text(
                "INSERT INTO instansi_rules SELECT instansi, 3, effective_from, now() - interval '1 minute', zone, first_day,"
                " holidays, jsonb_set(policy, '{version}', '3'), now(), recorded_by FROM instansi_rules WHERE version = 2"
            )
        )
    await announce_due_rules(worker)
    await announce_due_rules(worker)
    messages = await told(worker)
    assert [m["data"]["policy"]["period_kind"] for m in messages] == ["month", "quarter"]


async def test_a_change_from_today_does_not_bring_planned_rules_forward_unasked(medan: Call, worker: Database) -> None:
    today = datetime.now(UTC) + timedelta(hours=7)
    day = (today + timedelta(days=3)).date().isoformat()
    planned = {"policy": {"period_kind": "quarter"}, "effective_from": day}
    await medan("PUT", "/instansi", planned, roles=SYSTEM)
    unasked = await medan("PUT", "/instansi", {"holidays": ["2026-12-25"]}, roles=SYSTEM)
    assert (unasked.status_code, unasked.json()["code"]) == (409, "rules-planned")
    assert unasked.json()["planned_from"] == day
    assert (await medan("PUT", "/instansi", {"name": "Kota Medan"}, roles=SYSTEM)).json()["status"] == "changed"
    assert len(await told(worker)) == 1
    later = {"holidays": ["2026-12-25"], "effective_from": day}
    assert (await medan("PUT", "/instansi", later, roles=SYSTEM)).json()["version"] == 3
    assert (await medan("GET", "/instansi")).json()["rules"]["policy"]["period_kind"] == "month"
    now = {"effective_from": today.date().isoformat()}
    assert (await medan("PUT", "/instansi", now, roles=SYSTEM)).json()["version"] == 4
    assert (await told(worker))[-1]["data"]["policy"]["period_kind"] == "quarter"


_BAD: list[tuple[Any, str]] = [
    ({"name": "Kota"}, "instansi-incomplete"),
    (MEDAN | {"zone": "Asia/Nowhere"}, "invalid-input"),
    (MEDAN | {"zone": "localtime"}, "invalid-input"),
    (MEDAN | {"policy": {"score_meets_percent": "115"}}, "policy-inconsistent"),
    (MEDAN | {"policy": {"gap_threshold_percent": "-1"}}, "invalid-input"),
    (MEDAN | {"policy": {"late_after_working_days": 1.5}}, "invalid-input"),
    (MEDAN | {"policy": {"daily_summary_at": "25:00"}}, "invalid-input"),
    (MEDAN | {"holidays": ["17 Agustus"]}, "invalid-input"),
    (MEDAN | {"unknown": 1}, "invalid-input"),
]


async def test_bad_input_gets_one_code_and_leaves_no_trace(call: Call, worker: Database) -> None:
    for body, code in _BAD:
        answer = await call("PUT", "/instansi", body, roles=SYSTEM)
        assert (answer.status_code, answer.json()["code"]) == (422, code), body
    assert (await call("GET", "/instansi")).json()["code"] == "unknown-instansi"
    assert await told(worker) == []
    [error] = (await call("PUT", "/instansi", MEDAN | {"zone": "Asia/Nowhere"}, roles=SYSTEM)).json()["errors"]
    assert error["message"].startswith("pakai WIB, WITA, WIT, UTC, atau nama IANA seperti Asia/Jakarta / use WIB")


async def test_who_saw_an_older_version_is_refused(medan: Call) -> None:
    body = {"policy": {"daily_summary_at": "15:00"}}
    assert (await medan("PUT", "/instansi", body, roles=SYSTEM, headers={"If-Match": '"1"'})).status_code == 200
    late = await medan("PUT", "/instansi", {"zone": "WIT"}, roles=SYSTEM, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"], late.json()["version"]) == (412, "stale-version", 2)


async def test_a_suspension_is_told_once_and_kept_with_who_did_it(medan: Call, worker: Database) -> None:
    for path, status in (
        ("suspend", "changed"),
        ("suspend", "unchanged"),
        ("resume", "changed"),
        ("resume", "unchanged"),
    ):
        answer = await medan("POST", f"/instansi/{path}", roles=SYSTEM)
        assert answer.json() == {"instansi": "medan", "suspended": path == "suspend", "status": status}
        assert (await medan("GET", "/instansi")).json()["suspended"] is (path == "suspend")
    assert [message["data"]["suspended"] for message in await told(worker)] == [False, True, False]
    async with worker.transaction() as conn:
        kept = await conn.execute(text("SELECT version, suspended, recorded_by FROM suspensions ORDER BY version"))
        assert [tuple(row) for row in kept] == [(1, True, "system"), (2, False, "system")]
    assert (await medan("POST", "/instansi/suspend", roles=("hr",))).json()["code"] == "role-required"
    nobody = await medan("POST", "/instansi/suspend", roles=SYSTEM, instansi="jambi")
    assert nobody.json()["code"] == "unknown-instansi"


async def test_only_a_system_may_change_the_instansi(medan: Call) -> None:
    for role in ("hr", "leader", "auditor"):
        assert (await medan("PUT", "/instansi", MEDAN, roles=(role,))).status_code == 403
