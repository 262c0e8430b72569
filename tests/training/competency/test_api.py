"""Levels confirmed after coaching, without an enrolment."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.eventstore.database import Database
from tests.training.conftest import As
from tests.training.world import person

pytestmark = pytest.mark.usefixtures("medan")

URL = f"/competencies/{person('Ani')}/komunikasi/confirm"
GOOD: dict[str, Any] = {"level": 3, "reason": "Sudah terbukti setelah pendampingan"}


async def test_the_superior_confirms_a_level_after_coaching(http: httpx.AsyncClient, as_: As, worker: Database) -> None:
    first = (await http.post(URL, json=GOOD, headers=as_("Budi"))).json()
    again = (await http.post(URL, json=GOOD, headers=as_("Budi"))).json()
    assert (first["version"], first["changed"], again["version"], again["changed"]) == (1, True, 1, False)
    async with worker.transaction() as conn:
        rows = (
            await conn.execute(text("SELECT employee, competency, level, confirmed_by, enrolment FROM competency"))
        ).all()
        sent = (await conn.execute(text("SELECT count(*) FROM outbox"))).scalar_one()
    assert [tuple(row) for row in rows] == [(person("Ani"), "komunikasi", 3, person("Budi"), None)]
    assert sent == 1


async def test_hr_confirms_where_there_is_no_superior(http: httpx.AsyncClient, as_: As) -> None:
    url = f"/competencies/{person('Yuni')}/komunikasi/confirm"
    assert (await http.post(url, json=GOOD, headers=as_("Hana", "hr"))).status_code == 200
    assert (await http.post(url, json=GOOD, headers=as_("Kadis", "leader"))).status_code == 403


@pytest.mark.parametrize(
    ("name", "roles", "change", "status", "code"),
    [
        ("Ani", (), {}, 403, "not-the-superior"),
        ("Tono", (), {}, 403, "not-the-superior"),
        ("Hana", ("hr",), {}, 403, "not-the-superior"),
        ("Budi", (), {"level": 6}, 422, "level-out-of-range"),
        ("Budi", (), {"level": True}, 422, "invalid-input"),
        ("Budi", (), {"level": "NaN"}, 422, "invalid-input"),
        ("Budi", (), {"reason": ""}, 422, "invalid-input"),
        ("Budi", (), {"reason": "x" * 4001}, 422, "invalid-input"),
        ("Budi", (), {"reason": "a\0b"}, 422, "nul-character"),
        ("Budi", (), {"on": "2026-01-01"}, 422, "invalid-input"),
    ],
)
async def test_wrong_confirmations_are_refused_and_leave_no_trace(
    http: httpx.AsyncClient,
    as_: As,
    worker: Database,
    name: str,
    roles: tuple[str, ...],
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    answer = await http.post(URL, json=GOOD | change, headers=as_(name, *roles))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    async with worker.transaction() as conn:
        for table in ("events", "texts", "outbox", "competency"):
            assert (await conn.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


async def test_unknown_people_and_competencies_are_refused(http: httpx.AsyncClient, as_: As) -> None:
    nobody = f"/competencies/{person('nobody')}/komunikasi/confirm"
    answer = await http.post(nobody, json=GOOD, headers=as_("Hana", "hr"))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-employee")
    typo = f"/competencies/{person('Ani')}/komunikassi/confirm"
    answer = await http.post(typo, json=GOOD, headers=as_("Budi"))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-competency")
