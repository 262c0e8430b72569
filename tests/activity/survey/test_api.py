"""Survey answers and the index of satisfaction that follows from them."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID, uuid4

from services.activity.survey.intake import prove_satisfaction
from shared.ids import fresh_id
from tests.activity.conftest import Activity
from tests.activity.people import COUNTER, HADI, REGISTRY, SITI, known


def item(unit: UUID = COUNTER, scores: Any = (3, 3, 3, 3, 3, 3, 3, 3, 3), **more: Any) -> dict[str, Any]:
    given = {"id": str(fresh_id()), "unit": str(unit), "given_at": "2024-03-09T02:00:00Z", "scores": scores}
    return given | more


async def send(activity: Activity, *items: Any) -> list[Any]:
    answer = await activity.call("POST", "/surveys", None, "system", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [result.get("code", result["status"]) for result in answer.json()["results"]]


def by_hand(*answers: list[int]) -> str:
    """25 times the mean of all scores, as every element weighs a ninth."""
    total = Decimal(sum(map(sum, answers)))
    return str((25 * total / (9 * len(answers))).quantize(Decimal("0.01"), ROUND_HALF_UP))


async def test_the_index_follows_from_all_answers_and_is_told(activity: Activity) -> None:
    first, second, third = [4, 3, 3, 4, 3, 4, 4, 3, 3], [2, 3, 3, 2, 3, 4, 3, 3, 3], [4] * 9
    assert await send(activity, item(scores=first), item(REGISTRY, third)) == [201, 201]
    assert await send(activity, item(scores=second)) == [201]
    told = {(m["data"]["unit"], m["sourceversion"]): m["data"] for m in await activity.told()}
    assert told[str(COUNTER), 1]["index"] == by_hand(first)
    assert told[str(COUNTER), 2] == {
        "unit": str(COUNTER),
        "period": "2024-03",
        "respondents": 2,
        "index": by_hand(first, second),
    }
    assert told[str(REGISTRY), 1]["index"] == "100.00"
    answer = await activity.call("GET", "/satisfaction", SITI, params={"unit": str(COUNTER), "period": "2024-03"})
    [state] = answer.json()["items"]
    assert (state["index"], state["respondents"]) == ("79.17", 2) == (by_hand(first, second), 2)
    assert (state["quality"], state["label"]) == ("B", "Baik")
    assert (state["rule"], state["rule_version"]) == ("permenpanrb-14-2017.ikm", "1")
    assert len((await activity.call("GET", "/satisfaction", HADI)).json()["items"]) == 2


async def test_an_answer_counts_once(activity: Activity) -> None:
    answer = item()
    assert await send(activity, answer, answer) == [201, 200]
    assert await send(activity, answer) == [200]
    assert await send(activity, answer | {"scores": [1] * 9}) == ["id-used-with-other-content"]
    [(respondents,)] = await activity.rows("SELECT respondents FROM satisfaction")
    assert respondents == 1


async def test_devices_that_send_at_once_do_not_miss_each_other(activity: Activity) -> None:
    same = item(scores=[1] * 9)
    sent = await asyncio.gather(*(send(activity, item(), item(REGISTRY), same) for _ in range(8)))
    assert sorted(result[2] for result in sent) == [200] * 7 + [201]
    rows = {row[0]: (row[1], row[2]) for row in await activity.rows("SELECT unit, respondents, sums FROM satisfaction")}
    assert rows == {COUNTER: (9, [25] * 9), REGISTRY: (8, [24] * 9)}
    newest = max(
        (m for m in await activity.told() if m["data"]["unit"] == str(COUNTER)), key=lambda m: m["sourceversion"]
    )
    assert newest["data"]["respondents"] == 9
    assert await prove_satisfaction(activity.worker, None) == []
    async with activity.worker.transaction() as conn:
        await conn.exec_driver_sql("UPDATE satisfaction SET respondents = 7 WHERE unit = $1", (COUNTER,))
    assert len(await prove_satisfaction(activity.worker, "medan")) == 1


async def test_each_wrong_answer_is_refused_by_itself(activity: Activity) -> None:
    late = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await send(
        activity,
        item(),
        item(scores=[3] * 8),
        item(scores=[3] * 10),
        item(scores=[0] + [3] * 8),
        item(scores=[5] + [3] * 8),
        item(scores=["3"] * 9),
        item(unit=known("nowhere")),
        item(given_at=late),
        item(given_at="2019-12-31T00:00:00Z"),
        item(id=str(uuid4())),
        item(name="Pak Budi"),
    ) == [
        201,
        "invalid-survey-answer",
        "invalid-input",
        "invalid-survey-answer",
        "invalid-survey-answer",
        "invalid-input",
        "unknown-unit",
        "future-date",
        "before-first-day",
        "id-not-uuid7",
        "invalid-input",
    ]


async def test_a_closed_period_takes_no_answers(activity: Activity) -> None:
    closed = await activity.call("POST", "/periods/2024-03/seal", HADI, "hr")
    assert closed.status_code == 200
    assert await send(activity, item()) == ["period-closed"]
