"""Deciding over HTTP: who may, about which version, and each of many by itself."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import (
    BUDI,
    COUNTER,
    DEWI,
    HADI,
    HEAD,
    LEO,
    RINA,
    SINCE,
    SITI,
    assignment,
    employee,
    known,
    today,
)

NEW = known("successor")
YESTERDAY = today(-1)


async def decide(activity: Activity, entry: UUID, who: UUID, *roles: str, action: str = "verify", **body: Any) -> Any:
    return await activity.call("POST", f"/entries/{entry}/{action}", who, *roles, json={"version": 1} | body)


async def rina_leaves(activity: Activity) -> None:
    """Rina's post ends yesterday; nobody follows yet."""
    await activity.hear(assignment("rina", RINA, COUNTER, HEAD, LEO, version=2, valid_to=YESTERDAY))


@pytest.mark.parametrize("who", [BUDI, DEWI, LEO, HADI])
@pytest.mark.parametrize("action", ["verify", "return", "withdraw-verification"])
async def test_only_the_superior_decides(activity: Activity, who: UUID, action: str) -> None:
    entry = await activity.log(SITI)
    for roles in (("staff",), ("hr",), ("leader",), ("staff", "auditor")):
        answer = await decide(activity, entry, who, *roles, action=action, text="Karena")
        assert (answer.status_code, answer.json()["code"]) == (403, "not-the-superior")
    assert await activity.rows("SELECT id FROM texts") == []


async def test_nobody_decides_about_their_own_entry(activity: Activity) -> None:
    entry = await activity.log(SITI)
    for roles in (("staff",), ("hr",)):
        answer = await decide(activity, entry, SITI, *roles, text="Karena")
        assert (answer.status_code, answer.json()["code"]) == (403, "own-entry")


async def test_a_system_decides_nothing(activity: Activity) -> None:
    entry = await activity.log(SITI)
    answer = await activity.call("POST", f"/entries/{entry}/verify", None, "system", json={"version": 1})
    assert (answer.status_code, answer.json()["code"]) == (403, "employee-required")


async def test_the_version_that_was_seen_must_be_named_and_the_newest(activity: Activity) -> None:
    entry = await activity.log(SITI)
    unnamed = await activity.call("POST", f"/entries/{entry}/verify", RINA, json={})
    assert (unnamed.status_code, unnamed.json()["code"]) == (428, "version-required")
    body = {"day": today().isoformat(), "quantity": 8}
    await activity.call("POST", f"/entries/{entry}/amend", SITI, json=body)
    stale = await decide(activity, entry, RINA)
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "stale-version", 2)
    seen = await activity.call("POST", f"/entries/{entry}/verify", RINA, json={}, headers={"If-Match": '"2"'})
    assert (seen.status_code, seen.json()["version"]) == (200, 3)


async def test_below_and_a_return_need_a_text_that_only_the_texts_table_keeps(activity: Activity) -> None:
    entry = await activity.log(SITI)
    for action, body in (("verify", {"verdict": "below"}), ("return", {}), ("return", {"text": "  "})):
        answer = await decide(activity, entry, RINA, action=action, **body)
        assert answer.json()["code"] in ("reason-required", "invalid-input")
    below = await decide(activity, entry, RINA, verdict="below", text="Target 5, tercapai 1")
    assert below.json()["status"] == "verified"
    again = await decide(activity, entry, RINA, verdict="below", text="Target 5, tercapai 1")
    assert (again.status_code, again.json()["version"]) == (200, 2)
    [(body,)] = await activity.rows("SELECT body FROM texts")
    assert body == "Target 5, tercapai 1"
    [(data,)] = await activity.rows("SELECT data::text FROM events WHERE type = 'entry.verified'")
    assert "tercapai" not in data + str(await activity.told())
    back = await decide(activity, entry, RINA, action="withdraw-verification", version=2)
    assert back.json()["status"] == "waiting"
    returned = await decide(activity, entry, RINA, action="return", version=3, text="Lampirkan bukti")
    assert returned.json()["status"] == "returned"
    kinds = [message["type"].removeprefix("id.go.kinerja.activity.entry.") for message in await activity.told()]
    assert kinds == ["logged.v1", "verified.v1", "verification-withdrawn.v1", "returned.v1"]


async def test_hr_decides_with_a_reason_when_the_superior_left_and_nobody_follows(activity: Activity) -> None:
    entry = await activity.log(SITI, day=YESTERDAY.isoformat())
    await rina_leaves(activity)
    assert (await decide(activity, entry, RINA)).json()["code"] == "not-the-superior"
    assert (await decide(activity, entry, HADI)).json()["code"] == "not-the-superior"
    assert (await decide(activity, entry, HADI, "hr")).json()["code"] == "reason-required"
    answer = await decide(activity, entry, HADI, "hr", text="Atasan pindah tugas")
    assert (answer.status_code, answer.json()["status"]) == (200, "verified")


async def test_the_successor_decides_about_the_days_before(activity: Activity) -> None:
    entry = await activity.log(SITI, day=YESTERDAY.isoformat())
    await rina_leaves(activity)
    await activity.hear(employee(NEW), assignment("new", NEW, COUNTER, HEAD, LEO, valid_from=today()))
    assert (await decide(activity, entry, HADI, "hr", text="x")).json()["code"] == "not-the-superior"
    assert (await decide(activity, entry, NEW)).json()["status"] == "verified"


@pytest.mark.parametrize("kind", ["plt", "plh"])
async def test_who_acts_in_the_seat_decides_beside_the_superior(activity: Activity, kind: str) -> None:
    first, second = await activity.log(SITI), await activity.log(BUDI)
    assert (await decide(activity, first, DEWI)).json()["code"] == "not-the-superior"
    await activity.hear(assignment("acting", DEWI, COUNTER, HEAD, LEO, kind=kind, valid_from=YESTERDAY))
    assert (await decide(activity, first, DEWI)).json()["status"] == "verified"
    assert (await decide(activity, second, RINA)).json()["status"] == "verified"


async def test_the_superior_of_the_entrys_date_decides_not_that_of_today(activity: Activity) -> None:
    then, now = await activity.log(SITI, day=YESTERDAY.isoformat()), await activity.log(SITI)
    await activity.hear(
        assignment("siti", SITI, COUNTER, known("officer"), RINA, version=2, valid_to=YESTERDAY),
        assignment("siti 2", SITI, COUNTER, known("officer"), DEWI, valid_from=today()),
    )
    assert (await decide(activity, then, DEWI)).json()["code"] == "not-the-superior"
    assert (await decide(activity, now, RINA)).json()["code"] == "not-the-superior"
    assert (await decide(activity, then, RINA)).json()["status"] == "verified"
    assert (await decide(activity, now, DEWI)).json()["status"] == "verified"


async def test_each_decision_of_a_batch_is_accepted_or_refused_by_itself(activity: Activity) -> None:
    siti, budi, dewi, last = [await activity.log(who) for who in (SITI, BUDI, DEWI, SITI)]
    items: list[Any] = [
        {"entry": str(siti), "version": 1},
        {"entry": str(siti), "version": 1},
        {"entry": str(budi), "version": 1, "action": "return", "text": "Tambahkan jumlah"},
        {"entry": str(dewi), "version": 1},
        {"entry": str(last), "version": 2, "text": "wrong version, no trace"},
        {"entry": str(last), "version": 1, "verdict": "below"},
        {"entry": str(fresh_id()), "version": 1},
        {"entry": str(last), "version": 1, "action": "praise"},
        {"entry": str(last)},
    ]
    answer = await activity.call("POST", "/verifications", RINA, json={"items": items})
    results = answer.json()["results"]
    assert [result.get("code", result["status"]) for result in results] == [
        201,
        200,
        201,
        "not-the-superior",
        "stale-version",
        "reason-required",
        "not-found",
        "invalid-input",
        "invalid-input",
    ]
    assert (results[4]["id"], results[4]["version"]) == (str(last), 1)
    statuses = {row[0]: row[1] for row in await activity.rows("SELECT id, status FROM entry")}
    assert statuses == {siti: "verified", budi: "returned", dewi: "waiting", last: "waiting"}
    assert [row[0] for row in await activity.rows("SELECT body FROM texts")] == ["Tambahkan jumlah"]


async def test_a_correction_and_a_decision_at_once_never_both_win(activity: Activity) -> None:
    body = {"day": today().isoformat(), "quantity": 9, "version": 1}
    for _ in range(5):
        entry = await activity.log(SITI)
        amended, decided = await asyncio.gather(
            activity.call("POST", f"/entries/{entry}/amend", SITI, json=body), decide(activity, entry, RINA)
        )
        assert sorted([amended.status_code, decided.status_code]) == [200, 412]


def _noting(method: Any, statements: list[str]) -> Any:
    def noting(conn: asyncpg.Connection, sql: str, *more: Any, **options: Any) -> Any:
        statements.append(sql)
        return method(conn, sql, *more, **options)

    return noting


async def test_a_batch_of_500_over_many_people_takes_a_few_statements(
    activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [known(f"team {n}") for n in range(25)]
    await activity.hear(
        *(employee(id) for id in people),
        *(assignment(f"team {n}", id, COUNTER, known("officer"), RINA) for n, id in enumerate(people)),
    )
    days = [SINCE + timedelta(days=n) for n in range(20)]
    entries = []
    for id in people:
        items = [{"id": str(fresh_id()), "day": day.isoformat(), "quantity": 1} for day in days]
        await activity.call("POST", "/entries/batch", id, json={"items": items})
        entries += [item["id"] for item in items]
    decisions = [{"entry": entry, "version": 1} for entry in entries]
    statements: list[str] = []
    for method in ("execute", "fetch"):
        monkeypatch.setattr(asyncpg.Connection, method, _noting(getattr(asyncpg.Connection, method), statements))
    answer = await activity.call("POST", "/verifications", RINA, json={"items": decisions})
    assert 0 < len([sql for sql in statements if not sql.startswith("NOTIFY")]) <= 12
    assert {result["status"] for result in answer.json()["results"]} == {201}
    [(verified,)] = await activity.rows("SELECT count(*) FROM entry WHERE status = 'verified'")
    assert verified == 500
