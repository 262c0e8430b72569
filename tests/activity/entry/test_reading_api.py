"""Reading entries: one's own, those one may judge, and everything for who sees all."""

from typing import Any
from uuid import UUID

import pytest

from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import BUDI, DEWI, HADI, LEO, RINA, SITI, today


async def test_the_history_tells_what_happened_by_whom_and_what_was_written(activity: Activity) -> None:
    entry = await activity.log(SITI, quantity="2.5", description="Posyandu Melati")
    await activity.call("POST", f"/entries/{entry}/return", RINA, json={"version": 1, "text": "Jumlahnya?"})
    amended = {"day": today().isoformat(), "quantity": 4, "description": "Posyandu Mawar", "version": 2}
    await activity.call("POST", f"/entries/{entry}/amend", SITI, json=amended)
    await activity.call("POST", f"/entries/{entry}/verify", RINA, json={"version": 3})
    answer = await activity.call("GET", f"/entries/{entry}", SITI)
    assert answer.headers["etag"] == '"4"'
    body = answer.json()
    assert (body["status"], body["quantity"], body["description"]) == ("verified", "4", "Posyandu Mawar")
    assert [(s["version"], s["what"], s["by"], s["quantity"], s["text"]) for s in body["history"]] == [
        (1, "logged", str(SITI), "2.5", "Posyandu Melati"),
        (2, "returned", str(RINA), None, "Jumlahnya?"),
        (3, "amended", str(SITI), "4", "Posyandu Mawar"),
        (4, "verified", str(RINA), None, None),
    ]


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [
        (SITI, "staff", 200),
        (RINA, "staff", 200),
        (BUDI, "staff", 403),
        (DEWI, "leader", 403),
        (LEO, "staff", 403),
        (LEO, "leader", 200),
        (HADI, "hr", 200),
        (HADI, "auditor", 200),
        (HADI, "staff", 403),
    ],
)
async def test_only_who_has_a_right_reads_anothers_work(activity: Activity, who: UUID, role: str, status: int) -> None:
    entry = await activity.log(SITI)
    paths = (f"/entries/{entry}", f"/entries?employee={SITI}", f"/figures?employee={SITI}")
    for path in (*paths, f"/service-records?officer={SITI}"):
        answer = await activity.call("GET", path, who, role)
        assert answer.status_code == status, path
        if status == 403:
            assert answer.json()["code"] == "forbidden"


async def test_a_list_is_filtered_and_comes_in_pages_newest_day_first(activity: Activity) -> None:
    entries = [await activity.log(SITI, day=today(-n).isoformat()) for n in range(5)]
    await activity.log(BUDI)
    await activity.call("POST", f"/entries/{entries[1]}/verify", RINA, json={"version": 1})

    async def ids(**params: Any) -> list[str]:
        answer = await activity.call("GET", "/entries", SITI, params=params)
        return [item["id"] for item in answer.json()["items"]]

    assert await ids() == [str(entry) for entry in entries]
    assert await ids(status="verified") == [str(entries[1])]
    assert await ids(**{"from": today(-3).isoformat(), "to": today(-2).isoformat()}) == [
        str(entries[2]),
        str(entries[3]),
    ]
    first = (await activity.call("GET", "/entries", SITI, params={"limit": 3})).json()
    second = (await activity.call("GET", "/entries", SITI, params={"limit": 3, "cursor": first["next"]})).json()
    assert [item["id"] for item in first["items"] + second["items"]] == [str(entry) for entry in entries]
    assert second["next"] is None


async def test_hr_lists_everybody_and_an_unknown_entry_is_not_found(activity: Activity) -> None:
    for who in (SITI, BUDI, DEWI):
        await activity.log(who)
    everybody = (await activity.call("GET", "/entries", HADI, "hr")).json()["items"]
    assert {item["employee"] for item in everybody} == {str(SITI), str(BUDI), str(DEWI)}
    answer = await activity.call("GET", f"/entries/{fresh_id()}", HADI, "hr")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
