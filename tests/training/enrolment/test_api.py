"""Completing and confirming over HTTP, on the real database with real tokens."""

import httpx
import orjson
import pytest
from sqlalchemy import text

from shared.eventstore.database import Database
from tests.training.conftest import As, Hear
from tests.training.story import completed, plan_of
from tests.training.world import gap, person

pytestmark = pytest.mark.usefixtures("medan")


async def test_the_whole_story_from_gap_to_confirmed_level(
    http: httpx.AsyncClient, as_: As, hear: Hear, worker: Database
) -> None:
    enrolment = await completed(http, as_, hear)
    assert (enrolment["status"], enrolment["jp"], enrolment["competencies"]) == ("completed", 16, ["komunikasi"])
    body = {"competency": "komunikasi", "level": 3, "reason": "Melayani keluhan dengan tenang."}
    answer = await http.post(f"/enrolments/{enrolment['id']}/confirm", json=body, headers=as_("Budi"))
    assert (answer.status_code, answer.json()["status"]) == (200, "confirmed")
    assert answer.json()["levels"] == {"komunikasi": 3}
    async with worker.transaction() as conn:
        bodies = [
            orjson.loads(row) for row in (await conn.execute(text("SELECT body FROM outbox ORDER BY id"))).scalars()
        ]
    assert [body["type"].removeprefix("id.go.kinerja.training.") for body in bodies] == [
        "development-plan.proposed.v1",
        "development-plan.approved.v1",
        "enrolment.enrolled.v1",
        "enrolment.completed.v1",
        "competency.confirmed.v1",
    ]
    assert bodies[-1]["data"] == {
        "confirmation": bodies[-1]["id"],
        "employee": str(person("Ani")),
        "competency": "komunikasi",
        "level": 3,
        "confirmed_by": str(person("Budi")),
        "confirmed_on": bodies[-1]["data"]["confirmed_on"],
        "enrolment": enrolment["id"],
    }
    assert not any("keluhan" in orjson.dumps(body).decode() or "SERT" in orjson.dumps(body).decode() for body in bodies)
    assert (await plan_of(http, as_))["status"] == "approved", "the need stays until the gap closes"
    await hear(gap(person("Ani"), "komunikasi", 2, found=False, level=3))
    assert (await plan_of(http, as_))["status"] == "completed"
