"""Facts of another system: taken over as they were recorded, once, by a system or hr."""

from typing import Any
from uuid import UUID

from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import BUDI, COUNTER, EXAMINATIONS, HADI, RINA, SITI, instansi, known, today

SOURCE = {"system": "izin", "file_hash": "ab" * 32, "row": 12}


def item(id: UUID, **more: Any) -> dict[str, Any]:
    content = {"id": str(id), "employee": str(SITI), "day": "2024-03-09", "quantity": 1, "source": SOURCE}
    return content | {"activity": "confirmation-of-receipt", "unit": str(COUNTER)} | more


async def test_an_imported_fact_is_of_its_own_kind_and_twice_changes_nothing(activity: Activity) -> None:
    await activity.hear(instansi(version=2, late_after_working_days=0))
    entry = fresh_id()
    for caller, status in (((None, "system"), 201), ((HADI, "hr"), 200)):
        answer = await activity.call("POST", "/imports/entries", *caller, json={"items": [item(entry)]})
        assert answer.json()["results"] == [{"id": str(entry), "status": status, "version": 1}]
    [message] = await activity.told()
    assert message["type"] == "id.go.kinerja.activity.entry.imported.v1"
    assert message["origin"] == "import"
    data = message["data"]
    assert (data["status"], data["late"], data["verified_by"], data["unit"]) == ("imported", False, None, str(COUNTER))
    detail = (await activity.call("GET", f"/entries/{entry}", HADI, "hr")).json()
    assert detail["history"][0]["source"] == SOURCE
    for action in ("verify", "return"):
        answer = await activity.call("POST", f"/entries/{entry}/{action}", RINA, json={"version": 1, "text": "x"})
        assert (answer.status_code, answer.json()["code"]) == (409, "not-waiting")


async def test_each_wrong_item_is_refused_by_itself(activity: Activity) -> None:
    entry = fresh_id()
    items: list[Any] = [
        item(entry),
        item(entry, quantity=2),
        item(fresh_id(), employee=str(known("nobody"))),
        item(fresh_id(), unit=str(known("nowhere"))),
        item(fresh_id(), indicator=str(known("nothing"))),
        item(fresh_id(), indicator=str(EXAMINATIONS)),
        item(fresh_id(), indicator=str(EXAMINATIONS), employee=str(BUDI)),
        item(fresh_id(), day=today(2).isoformat()),
        item(fresh_id(), source=SOURCE | {"file_hash": "not a hash"}),
        {key: value for key, value in item(fresh_id()).items() if key != "source"},
    ]
    answer = await activity.call("POST", "/imports/entries", None, "system", json={"items": items})
    assert [result.get("code", result["status"]) for result in answer.json()["results"]] == [
        201,
        "id-used-with-other-content",
        "unknown-employee",
        "unknown-unit",
        "unknown-indicator",
        201,
        "unknown-indicator",
        "future-date",
        "invalid-input",
        "invalid-input",
    ]


async def test_people_do_not_import(activity: Activity) -> None:
    for who, role in ((SITI, "staff"), (RINA, "leader"), (HADI, "auditor")):
        for path in ("/imports/entries", "/imports/service-records", "/surveys"):
            answer = await activity.call("POST", path, who, role, json={"items": [item(fresh_id())]})
            assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
