"""The verification queue: only what the caller may decide about, small enough for a phone."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import (
    BUDI,
    COUNTER,
    DEWI,
    EXAMINATIONS,
    HADI,
    HEAD,
    LEO,
    RINA,
    SITI,
    assignment,
    employee,
    known,
    today,
)

YESTERDAY = today(-1)


async def queue(activity: Activity, who: UUID, *roles: str, **params: Any) -> list[dict[str, Any]]:
    answer = await activity.call("GET", "/verification-queue", who, *roles, params=params)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_it_tells_by_person_and_day_what_waits(activity: Activity) -> None:
    await activity.log(SITI, minutes=90)
    verified = await activity.log(SITI, minutes=30)
    await activity.log(SITI, day=YESTERDAY.isoformat(), minutes=45)
    await activity.log(SITI, day=today(-40).isoformat())
    await activity.log(BUDI)
    await activity.log(DEWI)
    await activity.log(RINA)
    await activity.call("POST", f"/entries/{verified}/verify", RINA, json={"version": 1})
    expected = {
        str(SITI): [
            {"day": today(-40).isoformat(), "entries": 1, "minutes": 0, "late": 1},
            {"day": YESTERDAY.isoformat(), "entries": 1, "minutes": 45, "late": 0},
            {"day": today().isoformat(), "entries": 1, "minutes": 90, "late": 0},
        ],
        str(BUDI): [{"day": today().isoformat(), "entries": 1, "minutes": 0, "late": 0}],
    }
    found = await queue(activity, RINA)
    assert {item["employee"]: item["days"] for item in found} == expected
    assert {item["employee"]: item["entries"] for item in found} == {str(SITI): 3, str(BUDI): 1}
    assert {item["employee"] for item in await queue(activity, LEO)} == {str(RINA), str(DEWI)}
    assert await queue(activity, SITI) == []
    assert await queue(activity, HADI, "hr") == []


async def test_a_person_and_a_day_show_the_entries_with_what_a_decision_needs(activity: Activity) -> None:
    words = "Pemeriksaan kesehatan " * 20
    entry = await activity.log(SITI, indicator=str(EXAMINATIONS), quantity="12.50", minutes=60, description=words)
    await activity.log(SITI, day=YESTERDAY.isoformat())
    await activity.log(BUDI)
    [person] = await queue(activity, RINA, person=str(SITI), day=today().isoformat())
    [day] = person["days"]
    [item] = day["items"]
    assert (item["id"], item["version"], item["indicator"]) == (str(entry), 1, str(EXAMINATIONS))
    assert (item["quantity"], item["minutes"], item["late"]) == ("12.50", 60, False)
    assert (item["description"][:-1], len(item["description"])) == (words[:119], 120)
    assert len(await queue(activity, RINA, day=today().isoformat())) == 2
    [siti] = await queue(activity, RINA, person=str(SITI))
    assert [len(day["items"]) for day in siti["days"]] == [1, 1]
    assert await queue(activity, RINA, person=str(DEWI)) == []


async def test_what_a_left_superior_did_not_decide_waits_for_the_successor_or_hr(activity: Activity) -> None:
    successor = known("successor")
    await activity.log(SITI, day=YESTERDAY.isoformat())
    await activity.hear(assignment("rina", RINA, COUNTER, HEAD, LEO, version=2, valid_to=YESTERDAY))
    assert await queue(activity, RINA) == []
    assert [item["employee"] for item in await queue(activity, HADI, "hr")] == [str(SITI)]
    assert await queue(activity, HADI) == []
    await activity.hear(employee(successor), assignment("new", successor, COUNTER, HEAD, LEO, valid_from=today()))
    assert await queue(activity, HADI, "hr") == []
    assert [item["employee"] for item in await queue(activity, successor)] == [str(SITI)]


async def team(activity: Activity, size: int, days: list[date], a_day: int) -> list[UUID]:
    """People under Rina who each logged `a_day` entries on each of the days."""
    people = sorted(known(f"team {n}") for n in range(size))
    await activity.hear(
        *(employee(id) for id in people),
        *(assignment(f"team {n}", id, COUNTER, known("officer"), RINA) for n, id in enumerate(people)),
    )
    for id in people:
        items = [
            {"id": str(fresh_id()), "day": day.isoformat(), "quantity": 1, "minutes": 60, "description": "x" * 200}
            for day in days
            for _ in range(a_day)
        ]
        await activity.call("POST", "/entries/batch", id, json={"items": items})
    return people


async def test_25_people_with_20_days_of_5_entries_fit_into_50_kilobytes(activity: Activity) -> None:
    days = [date(2024, 3, 4) + timedelta(days=n) for n in range(28)]
    working = [day for day in days if day.weekday() < 5]
    assert len(working) == 20
    people = await team(activity, 25, working, 5)
    answer = await activity.call("GET", "/verification-queue", RINA)
    assert len(answer.content) < 50_000
    assert answer.json().get("next") is None
    found = answer.json()["items"]
    assert [item["employee"] for item in found] == [str(id) for id in people]
    assert {len(item["days"]) for item in found} == {20}
    assert sum(item["entries"] for item in found) == 2_500
    one_day = await activity.call("GET", "/verification-queue", RINA, params={"day": working[0].isoformat()})
    assert len(one_day.content) < 50_000
    assert sum(len(day["items"]) for item in one_day.json()["items"] for day in item["days"]) == 125


async def test_many_people_come_page_by_page(activity: Activity) -> None:
    people = await team(activity, 5, [today()], 1)
    seen, cursor = [], None
    for _ in range(3):
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await activity.call("GET", "/verification-queue", RINA, params=params)).json()
        seen += [item["employee"] for item in page["items"]]
        cursor = page.get("next")
    assert cursor is None
    assert seen == [str(id) for id in people]
