"""Service records over HTTP, and the figures of an officer that follow from rows."""

import csv
import io
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from services.activity.app import SERVICE
from shared.ids import derived_id, fresh_id
from shared.operations.rebuild import prove
from tests.activity.conftest import Activity
from tests.activity.people import BUDI, COUNTER, HADI, RINA, SITI, known

SOURCE = {"system": "izin", "file_hash": "ab" * 32, "row": 3}


def item(id: UUID, **more: Any) -> dict[str, Any]:
    times = {"started": "2024-03-02T08:00:00+07:00", "due": "2024-03-04T08:00:00+07:00"}
    return {"id": str(id), "product": "ktp-el", "officer": str(SITI), "unit": str(COUNTER)} | times | more


async def put(activity: Activity, *items: Any, path: str = "/service-records", method: str = "PUT") -> list[Any]:
    answer = await activity.call(method, path, None, "system", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    results: list[Any] = answer.json()["results"]
    return [result.get("code", result["status"]) for result in results]


async def test_a_record_is_opened_then_completed_and_told(activity: Activity) -> None:
    record = derived_id(datetime(2024, 3, 2, 1, tzinfo=UTC), "medan", "case-7")
    assert await put(activity, item(record)) == [201]
    done = item(record, completed="2024-03-31T23:30:00Z")
    assert await put(activity, done, done) == [201, 200]
    first, second = await activity.told()
    assert (first["data"]["completed"], first["data"]["period"], first["data"]["on_time"]) == (None, None, None)
    # Half past eleven in the evening UTC is already April in Medan.
    assert (second["data"]["period"], second["data"]["on_time"], second["sourceversion"]) == ("2024-04", False, 2)
    listed = (await activity.call("GET", "/service-records", SITI)).json()["items"]
    assert [(row["id"], row["version"], row["product"]) for row in listed] == [(str(record), 2, "ktp-el")]


async def test_each_wrong_item_is_refused_by_itself(activity: Activity) -> None:
    assert await put(
        activity,
        item(fresh_id(), completed="2024-03-03T08:00:00+07:00"),
        item(fresh_id(), completed="2024-03-01T08:00:00+07:00"),
        item(fresh_id(), officer=str(known("nobody"))),
        item(fresh_id(), unit=str(known("nowhere"))),
        item(fresh_id(), started="9999-12-31T23:59:59Z"),
        item(fresh_id(), started="2999-12-31T23:59:59Z"),
        item(fresh_id(), started="2024-03-02 08:00"),
        item(known("no uuid 7")),
        item(fresh_id(), product="KTP milik Siti"),
        item(fresh_id(), source=SOURCE),
    ) == [
        201,
        "ends-before-start",
        "unknown-employee",
        "unknown-unit",
        "invalid-input",
        "future-date",
        "invalid-input",
        "id-not-uuid7",
        "invalid-input",
        "invalid-input",
    ]


async def test_an_import_says_where_it_comes_from_and_twice_changes_nothing(activity: Activity) -> None:
    taken = item(fresh_id(), completed="2024-03-03T08:00:00+07:00", source=SOURCE)
    for status in (201, 200):
        assert await put(activity, taken, path="/imports/service-records", method="POST") == [status]
    [message] = await activity.told()
    assert message["origin"] == "import"
    [(imported, row)] = await activity.rows(
        "SELECT imported, data->'source'->>'row' FROM service_record JOIN events ON stream = id"
    )
    assert (imported, row) == (True, "3")


CASES = """officer,started,due,completed
siti,2024-02-27T08:00:00Z,2024-03-01T08:00:00Z,2024-02-28T10:00:01Z
siti,2024-03-02T08:00:00Z,2024-03-03T08:00:00Z,2024-03-02T09:00:00Z
siti,2024-03-02T08:00:00Z,2024-03-03T08:00:00Z,2024-03-05T08:00:00.5Z
siti,2024-03-02T08:00:00Z,,2024-03-02T08:20:00Z
siti,2024-03-02T08:00:00Z,2024-03-03T08:00:00Z,
siti,2024-03-09T08:00:00Z,2024-03-10T08:00:00Z,2024-03-10T08:00:00Z
budi,2024-03-09T08:00:00Z,2024-03-10T08:00:00Z,2024-03-11T08:00:00Z
"""


async def test_figures_equal_an_independent_computation(activity: Activity) -> None:
    cases = list(csv.DictReader(io.StringIO(CASES)))
    names = {"siti": SITI, "budi": BUDI}
    items = [
        {"id": str(fresh_id()), "product": "izin", "officer": str(names[case["officer"]])}
        | {key: case[key] for key in ("started", "due", "completed") if case[key]}
        for case in cases
    ]
    assert set(await put(activity, *items)) == {201}
    entries = [await activity.log(SITI, day="2024-03-02") for _ in range(3)]
    await activity.call("POST", f"/entries/{entries[0]}/verify", RINA, json={"version": 1})
    await activity.call("POST", f"/entries/{entries[1]}/withdraw", SITI)

    ended = [case for case in cases if case["officer"] == "siti" and case["completed"].startswith("2024-03")]
    lasted = [datetime.fromisoformat(c["completed"]) - datetime.fromisoformat(c["started"]) for c in ended]
    microseconds = sum(time // timedelta(microseconds=1) for time in lasted)
    mean = (Decimal(microseconds) / 1_000_000 / len(lasted)).quantize(Decimal("0.001"), ROUND_HALF_UP)
    assert len(ended) == 4

    answer = await activity.call("GET", "/figures", SITI, params={"period": "2024-03"})
    assert answer.json()["items"] == [
        {
            "employee": str(SITI),
            "period": "2024-03",
            "entries": 2,
            "counted": 1,
            "ended": 4,
            "with_due": 3,
            "on_time": 2,
            "on_time_percent": "66.67",
            "mean_seconds": str(mean),
        }
    ]
    everybody = (await activity.call("GET", "/figures", HADI, "hr")).json()["items"]
    assert {(row["employee"], row["period"]) for row in everybody} == {
        (str(SITI), "2024-02"),
        (str(SITI), "2024-03"),
        (str(BUDI), "2024-03"),
    }
    pages = [(await activity.call("GET", "/figures", HADI, "hr", params={"limit": 2})).json()]
    pages.append(
        (await activity.call("GET", "/figures", HADI, "hr", params={"limit": 2, "cursor": pages[0]["next"]})).json()
    )
    assert [row for page in pages for row in page["items"]] == everybody
    async with activity.worker.transaction() as conn:
        await conn.exec_driver_sql("DELETE FROM outbox")
    assert await prove(activity.worker, SERVICE.slices) == []
