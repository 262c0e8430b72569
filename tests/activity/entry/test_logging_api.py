"""Logging, amending and withdrawing over HTTP: what is accepted, and what is refused without a trace."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.ids import fresh_id, new_id
from tests.activity.conftest import Activity
from tests.activity.people import (
    BUDI,
    EXAMINATIONS,
    HADI,
    RINA,
    SITI,
    employee,
    instansi,
    known,
    today,
)

TRACES = " + ".join(f"(SELECT count(*) FROM {table})" for table in ("events", "texts", "text_salts", "outbox"))


def content(**more: Any) -> dict[str, Any]:
    return {"day": today().isoformat(), "quantity": "3", "description": "Pelayanan loket"} | more


async def traces(activity: Activity) -> int:
    [(count,)] = await activity.rows(f"SELECT {TRACES}")
    return int(count)


async def test_the_same_id_with_other_content_is_refused_for_ever(activity: Activity) -> None:
    entry = await activity.log(SITI)
    other = await activity.call("PUT", f"/entries/{entry}", SITI, json=content())
    assert (other.status_code, other.json()["code"]) == (409, "id-used-with-other-content")
    colleague = await activity.call("PUT", f"/entries/{entry}", BUDI, json={"day": today().isoformat(), "quantity": 1})
    assert (colleague.status_code, colleague.json()["code"]) == (409, "id-used-with-other-content")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"day": today(2).isoformat()}, "future-date"),
    ({"day": "2999-12-31"}, "future-date"),
    ({"day": "9999-12-31"}, "invalid-input"),
    ({"day": "1772323200"}, "invalid-input"),
    ({"day": "2019-12-31"}, "before-first-day"),
    ({"day": 20_260_301}, "invalid-input"),
    ({"day": "01/03/2026"}, "invalid-input"),
    ({"indicator": str(known("nobody's"))}, "unknown-indicator"),
    ({"indicator": "EXAMINATIONS"}, "invalid-input"),
    ({"quantity": -1}, "invalid-input"),
    ({"quantity": "NaN"}, "invalid-input"),
    ({"quantity": "Infinity"}, "invalid-input"),
    ({"quantity": 1_000_001}, "invalid-input"),
    ({"quantity": "0.00001"}, "invalid-input"),
    ({"quantity": True}, "invalid-input"),
    ({"quantity": "1_000"}, "invalid-input"),
    ({"quantity": "1e400"}, "invalid-input"),
    ({"quantity": None}, "invalid-input"),
    ({"minutes": 0}, "invalid-input"),
    ({"minutes": 1441}, "invalid-input"),
    ({"minutes": 1.5}, "invalid-input"),
    ({"minutes": True}, "invalid-input"),
    ({"activity": "rapat dengan Pak Budi"}, "invalid-input"),
    ({"activity": "198704232010011015"}, "invalid-input"),
    ({"description": "x" * 4001}, "invalid-input"),
    ({"description": "a\0b"}, "nul-character"),
    ({"done_at": "2026-03-01T08:00:00"}, "invalid-input"),
    ({"done_at": "1772323200"}, "invalid-input"),
    ({"done_at": "0001-01-01T00:00:00Z"}, "invalid-input"),
    ({"done_at": (datetime.now(UTC) + timedelta(days=2)).isoformat()}, "future-date"),
    ({"colour": "red"}, "invalid-input"),
    ({"employee": str(BUDI)}, "forbidden"),
]


async def test_wrong_content_is_refused_with_one_code_and_leaves_no_trace(activity: Activity) -> None:
    for change, code in WRONG:
        answer = await activity.call("PUT", f"/entries/{fresh_id()}", SITI, json=content(**change))
        assert answer.json()["code"] == code, f"{change}: {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"
    assert await traces(activity) == 0


@pytest.mark.parametrize("body", ['{"day": ', '{"day": "2026-03-01", "quantity": NaN}', "[]", '"x"'])
async def test_malformed_json_is_refused(activity: Activity, body: str) -> None:
    headers = activity.as_(SITI) | {"content-type": "application/json"}
    answer = await activity.client.put(f"/api/v1/medan/entries/{fresh_id()}", headers=headers, content=body)
    assert answer.json()["code"] in ("malformed-json", "invalid-input")
    assert await traces(activity) == 0


async def test_the_id_must_be_a_uuid_7_not_from_the_future(activity: Activity) -> None:
    for id in (uuid4(), new_id(datetime.now(UTC) + timedelta(days=3), bytes(10))):
        answer = await activity.call("PUT", f"/entries/{id}", SITI, json=content())
        assert (answer.status_code, answer.json()["code"]) == (422, "id-not-uuid7")


async def test_people_and_agencies_nobody_told_of_are_refused(activity: Activity) -> None:
    await activity.hear(employee(BUDI, version=2, active=False))
    answer = await activity.call("PUT", f"/entries/{fresh_id()}", BUDI, json=content())
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-employee")
    elsewhere = await activity.client.put(
        f"/api/v1/nowhere/entries/{fresh_id()}", headers=activity.as_(SITI, instansi="nowhere"), json=content()
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "unknown-instansi")


async def test_a_system_without_an_employee_logs_nothing(activity: Activity) -> None:
    answer = await activity.call("PUT", f"/entries/{fresh_id()}", None, "system", json=content())
    assert (answer.status_code, answer.json()["code"]) == (403, "employee-required")


async def test_a_late_offline_entry_is_kept_and_marked(activity: Activity) -> None:
    await activity.hear(instansi(version=2, late_after_working_days=1))
    done_at = datetime.now(UTC) - timedelta(days=9)
    body = content(day=today(-9).isoformat(), done_at=done_at.isoformat())
    answer = await activity.call("PUT", f"/entries/{fresh_id()}", SITI, json=body)
    assert (answer.status_code, answer.json()["late"]) == (201, True)
    [(late, kept, happened)] = await activity.rows(
        "SELECT late, done_at, occurred_at FROM entry JOIN events ON stream = id"
    )
    assert (late, kept, happened) == (True, done_at, done_at)
    [message] = await activity.told()
    assert message["data"]["late"] is True


async def test_the_day_is_judged_in_the_zone_of_the_instansi(activity: Activity) -> None:
    # Seventeen hours lie between the two: whatever the time, they never share a whole day.
    for zone, version in (("Pacific/Kiritimati", 2), ("Pacific/Honolulu", 3)):
        await activity.hear(instansi(version=version, zone=zone))
        headers = activity.as_(SITI)
        now = datetime.now(UTC)
        local = now + timedelta(hours=14 if version == 2 else -10)
        for day, status in ((local.date(), 201), ((local + timedelta(minutes=11)).date() + timedelta(days=1), 422)):
            answer = await activity.client.put(
                f"/api/v1/medan/entries/{fresh_id()}", headers=headers, json=content(day=day.isoformat())
            )
            assert answer.status_code == status


async def test_one_bad_item_does_not_spoil_the_batch(activity: Activity) -> None:
    good, twice, foreign = fresh_id(), fresh_id(), fresh_id()
    items: list[Any] = [
        content(id=str(good), indicator=str(EXAMINATIONS)),
        content(id=str(twice)),
        content(id=str(twice)),
        content(id=str(twice), quantity=4),
        content(id=str(foreign), employee=str(BUDI)),
        content(id=str(fresh_id()), quantity=-1, description="leaves no trace"),
        content(id=str(fresh_id()), day=today(3).isoformat(), description="leaves none either"),
        content(id="no id"),
        "no object",
        content(id=str(uuid4())),
    ]
    answer = await activity.call("POST", "/entries/batch", SITI, json={"items": items})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [result.get("code", result["status"]) for result in results] == [
        201,
        201,
        200,
        "id-used-with-other-content",
        "forbidden",
        "invalid-input",
        "future-date",
        "invalid-input",
        "invalid-input",
        "id-not-uuid7",
    ]
    assert results[0] == {"id": str(good), "status": 201, "version": 1}
    assert results[5]["errors"][0]["field"] == "quantity"
    assert (results[7]["id"], results[8]["id"]) == ("no id", None)
    assert all(result["detail"] for result in results if "code" in result)
    assert sorted(row[0] for row in await activity.rows("SELECT id FROM entry")) == sorted([good, twice])
    assert [row[0] for row in await activity.rows("SELECT body FROM texts")] == ["Pelayanan loket"] * 2
    again = await activity.call("POST", "/entries/batch", SITI, json={"items": items[:2]})
    assert [result["status"] for result in again.json()["results"]] == [200, 200]


async def test_a_phone_that_sends_ten_times_at_once_logs_one_entry(activity: Activity) -> None:
    entry = fresh_id()
    answers = await asyncio.gather(
        *(activity.call("PUT", f"/entries/{entry}", SITI, json=content()) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len(await activity.told()) == 1
    assert len(await activity.rows("SELECT id FROM texts")) == 1


async def test_people_who_share_a_commit_are_accepted_and_refused_each_for_themselves(activity: Activity) -> None:
    taken, spare = fresh_id(), fresh_id()
    asked: list[tuple[UUID, UUID, dict[str, Any]]] = [
        (SITI, taken, content()),
        (BUDI, taken, content(description="milik Budi")),
        (BUDI, spare, content(day=today(3).isoformat())),
        (BUDI, spare, content(quantity=2, description="milik Budi")),
        (RINA, fresh_id(), content(employee=str(SITI))),
        (known("nobody"), fresh_id(), content()),
        (RINA, fresh_id(), content(quantity=7)),
    ]
    answers = await asyncio.gather(
        *(activity.call("PUT", f"/entries/{entry}", who, json=body) for who, entry, body in asked)
    )
    assert [answer.json().get("code", answer.status_code) for answer in answers] == [
        *(201, "id-used-with-other-content", "future-date", 201, "forbidden", "unknown-employee", 201),
    ]
    rows = await activity.rows(
        "SELECT employee, (meta->>'actor')::uuid, e.id FROM entry e JOIN events ON stream = e.id"
    )
    assert all(employee == actor for employee, actor, _ in rows)
    assert {row[0] for row in rows} == {SITI, BUDI, RINA}
    # An event, a text with its salt and a message of each who was accepted, and nothing of the others.
    assert await traces(activity) == 3 * 4
    assert sorted(row[0] for row in await activity.rows("SELECT person FROM texts")) == sorted([SITI, BUDI, RINA])


async def test_nothing_is_accepted_while_the_outbox_is_full_but_everything_can_be_read(activity: Activity) -> None:
    entry = await activity.log(SITI)
    activity.api.full = True
    for method, path, body in (
        ("PUT", f"/entries/{fresh_id()}", content()),
        ("POST", "/entries/batch", {"items": [content(id=str(fresh_id()))]}),
        ("POST", f"/entries/{entry}/withdraw", {}),
    ):
        answer = await activity.call(method, path, SITI, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "outbox-full")
        assert int(answer.headers["retry-after"]) > 0
    assert (await activity.call("GET", f"/entries/{entry}", SITI)).status_code == 200
    activity.api.full = False
    assert (await activity.call("POST", f"/entries/{entry}/withdraw", SITI)).status_code == 200


async def test_an_oversized_or_empty_batch_is_refused_as_a_whole(activity: Activity) -> None:
    for items in ([], [content(id=str(fresh_id()))] * 501):
        answer = await activity.call("POST", "/entries/batch", SITI, json={"items": items})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
    assert await traces(activity) == 0


async def test_only_the_author_amends_and_withdraws_on_the_version_that_was_seen(activity: Activity) -> None:
    entry = await activity.log(SITI)
    for stranger, role in ((BUDI, "staff"), (RINA, "staff"), (HADI, "hr")):
        for path, body in (("amend", content()), ("withdraw", {})):
            answer = await activity.call("POST", f"/entries/{entry}/{path}", stranger, role, json=body)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    amended = await activity.call("POST", f"/entries/{entry}/amend", SITI, json=content(), headers={"If-Match": '"1"'})
    assert (amended.status_code, amended.headers["etag"]) == (200, '"2"')
    stale = await activity.call("POST", f"/entries/{entry}/amend", SITI, json=content(quantity=9, version=1))
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "stale-version", 2)
    withdrawn = await activity.call("POST", f"/entries/{entry}/withdraw", SITI, headers={"If-Match": '"2"'})
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    again = await activity.call("POST", f"/entries/{entry}/withdraw", SITI, json={"version": 2})
    assert (again.status_code, again.json()["version"]) == (200, 3)
    gone = await activity.call("POST", f"/entries/{entry}/amend", SITI, json=content())
    assert (gone.status_code, gone.json()["code"]) == (409, "entry-closed")
    unknown = await activity.call("POST", f"/entries/{fresh_id()}/amend", SITI, json=content())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not-found")


async def test_a_verified_entry_waits_again_when_it_is_amended(activity: Activity) -> None:
    entry = await activity.log(SITI)
    await activity.call("POST", f"/entries/{entry}/verify", RINA, json={"version": 1})
    amended = await activity.call("POST", f"/entries/{entry}/amend", SITI, json=content(version=2))
    assert amended.json()["status"] == "waiting"
    [row] = await activity.rows("SELECT status, verdict, decided_by FROM entry")
    assert tuple(row) == ("waiting", None, None)


async def test_entries_of_different_people_do_not_meet(activity: Activity) -> None:
    entries: dict[UUID, UUID] = {who: await activity.log(who) for who in (SITI, BUDI)}
    rows = await activity.rows("SELECT employee, id FROM entry")
    assert {row[0]: row[1] for row in rows} == entries
