"""Completing and confirming over HTTP, on the real database with real tokens."""

import httpx
import orjson
import pytest
from sqlalchemy import text

from shared.eventstore.database import Database
from tests.training.conftest import As, Hear
from tests.training.story import TALK, approve, approved, catalogue, completed, plan_of
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


async def post(http: httpx.AsyncClient, headers: dict[str, str], url: str, **body: object) -> tuple[int, object]:
    answer = await http.post(url, json=body, headers=headers)
    return answer.status_code, answer.json().get("code")


async def test_wrong_completions_are_refused(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    url = f"/enrolments/{(await approved(http, as_, hear))['id']}/complete"
    ani = as_("Ani")
    assert await post(http, ani, url, on="2990-01-01", certificate="A") == (422, "completed-in-future")
    for wrong in (
        {"on": "2026-04-02"},
        {"on": "2026-04-02", "certificate": " "},
        {"on": "02/04/2026", "certificate": "A"},
        {"on": 20260402, "certificate": "A"},
        {"on": "2026-04-02", "certificate": "A", "file_hash": "abc"},
        {"on": "2026-04-02", "certificate": "A", "jp": 100},
    ):
        assert await post(http, ani, url, **wrong) == (422, "invalid-input"), wrong
    for name, *roles in (("Tono",), ("Budi",), ("Kadis", "leader"), ("Hana", "auditor")):
        assert await post(http, as_(name, *roles), url, on="2026-04-02", certificate="A") == (403, "forbidden"), name
    stale = as_("Ani", **{"If-Match": '"7"'})
    assert await post(http, stale, url, on="2026-04-02", certificate="A") == (412, "stale-version")
    nobody = f"/enrolments/{person('nothing')}/complete"
    assert await post(http, ani, nobody, on="2026-04-02", certificate="A") == (404, "not-found")


async def test_completion_is_said_once_and_hr_may_say_it(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    url = f"/enrolments/{(await approved(http, as_, hear))['id']}"
    body = {"on": "2026-04-02", "certificate": "SERT/001/2026"}
    for headers in (as_("Hana", "hr"), as_("Ani")):
        answer = await http.post(f"{url}/complete", json=body, headers=headers)
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert await post(http, as_("Ani"), f"{url}/complete", on="2026-04-03", certificate="A") == (
        409,
        "already-completed",
    )
    shown = (await http.get(url, headers=as_("Ani"))).json()
    assert (shown["certificate"], shown["completed"]) == ("SERT/001/2026", "2026-04-02")


async def test_the_same_certificate_again_is_refused(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    file = "ab" * 32
    await completed(http, as_, hear)
    await hear(gap(person("Ani"), "tim", 1))
    await catalogue(http, as_, TALK | {"code": "TIM", "competencies": {"tim": 3}})
    second = f"/enrolments/{(await approve(http, as_, 'Ani'))['id']}/complete"
    ani = as_("Ani")
    for number in ("SERT/001/2026", "sert/001/2026 ", "SERT / 001 / 2026"):
        assert await post(http, ani, second, on="2026-04-02", certificate=number) == (409, "certificate-used")
    answer = await http.post(second, json={"on": "2026-04-02", "certificate": "sert/001/2026"}, headers=ani)
    assert "SERT" not in answer.text.upper().replace("SERTIFIKAT", "")
    assert str(person("Ani")) not in answer.text
    assert await post(http, ani, second, on="2026-04-02", certificate="B", file_hash=file) == (200, None)
    await hear(gap(person("Tono"), "tim", 1))
    other = f"/enrolments/{(await approve(http, as_, 'Tono'))['id']}/complete"
    tono = as_("Tono")
    assert await post(http, tono, other, on="2026-04-02", certificate="C", file_hash=file) == (409, "certificate-used")
    assert await post(http, tono, other, on="2026-04-02", certificate="B") == (200, None), (
        "one letter for a whole class"
    )


async def test_wrong_confirmations_are_refused(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    enrolment = await approved(http, as_, hear)
    url = f"/enrolments/{enrolment['id']}"
    budi = as_("Budi")
    good = {"competency": "komunikasi", "level": 3, "reason": "Baik"}
    assert await post(http, budi, f"{url}/confirm", **good) == (409, "not-completed")
    assert (await post(http, as_("Ani"), f"{url}/complete", on="2026-04-02", certificate="A"))[0] == 200
    assert await post(http, budi, f"{url}/confirm", **good | {"level": 6}) == (422, "level-out-of-range")
    assert await post(http, budi, f"{url}/confirm", **good | {"level": 0}) == (422, "level-out-of-range")
    for wrong in ({"level": "3"}, {"level": 2.5}, {"reason": ""}, {"reason": None}):
        assert await post(http, budi, f"{url}/confirm", **good | wrong) == (422, "invalid-input"), wrong
    assert await post(http, budi, f"{url}/confirm", competency="komunikasi", level=3) == (422, "invalid-input")
    assert await post(http, budi, f"{url}/confirm", **good | {"competency": "tim"}) == (422, "competency-not-of-course")
    for name, *roles in (("Ani",), ("Tono",), ("Kadis", "leader"), ("Hana", "hr")):
        assert await post(http, as_(name, *roles), f"{url}/confirm", **good) == (403, "not-the-superior"), name
    assert (await http.get(url, headers=budi)).json()["levels"] == {}


async def test_a_level_below_the_need_brings_the_next_course(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    enrolment = await completed(http, as_, hear)
    [larger] = await catalogue(http, as_, TALK | {"code": "KOM-02", "jp": 40})
    url = f"/enrolments/{enrolment['id']}/confirm"
    for _ in range(2):
        assert await post(http, as_("Budi"), url, competency="komunikasi", level=2, reason="Belum") == (200, None)
    plan = await plan_of(http, as_)
    assert (plan["status"], [item["course"] for item in plan["items"]]) == ("proposed", [larger["id"]])
    assert (await approve(http, as_, "Ani"))["course"] == larger["id"]
    assert await post(http, as_("Budi"), url, competency="komunikasi", level=1, reason="Keliru") == (200, None)
    assert (await plan_of(http, as_))["status"] == "approved", "the course that runs now is left alone"


async def test_the_newest_confirmation_counts_wherever_it_was_made(
    http: httpx.AsyncClient, as_: As, hear: Hear, worker: Database
) -> None:
    url = f"/enrolments/{(await completed(http, as_, hear))['id']}/confirm"
    coaching = f"/competencies/{person('Ani')}/komunikasi/confirm"
    three: dict[str, object] = {"competency": "komunikasi", "level": 3, "reason": "Baik"}
    assert await post(http, as_("Budi"), url, **three) == (200, None)
    assert await post(http, as_("Budi"), coaching, level=2, reason="Ternyata belum") == (200, None)
    assert await post(http, as_("Budi"), url, **three | {"reason": "Sudah terbukti"}) == (200, None)
    async with worker.transaction() as conn:
        levels = (await conn.execute(text("SELECT level, version FROM competency"))).all()
        told = (
            await conn.execute(text("SELECT count(*) FROM outbox WHERE subject LIKE '%competency.confirmed%'"))
        ).scalar()
    assert ([tuple(row) for row in levels], told) == ([(3, 3)], 3)


async def test_a_seat_given_up_is_proposed_again(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    enrolment = await approved(http, as_, hear)
    url = f"/enrolments/{enrolment['id']}/cancel"
    assert await post(http, as_("Tono"), url, reason="Sakit") == (403, "forbidden")
    assert await post(http, as_("Ani"), url) == (422, "invalid-input")
    assert await post(http, as_("Ani"), url, reason="Sakit") == (200, None)
    assert (await plan_of(http, as_))["status"] == "proposed"
    again = await approve(http, as_, "Ani")
    assert (again["status"], again["course"]) == ("enrolled", enrolment["course"])
    assert again["id"] != enrolment["id"]
    assert await post(http, as_("Ani"), url, reason="Sakit") == (200, None)
    assert (await plan_of(http, as_))["status"] == "approved", "giving up twice releases once"
