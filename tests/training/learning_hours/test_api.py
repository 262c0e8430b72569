"""Learning hours of a year over HTTP."""

import httpx
import pytest

from tests.training.conftest import As, Hear
from tests.training.story import completed
from tests.training.world import person

pytestmark = pytest.mark.usefixtures("medan")


async def test_completed_hours_count_in_the_year_of_completion(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    await completed(http, as_, hear)
    url = f"/employees/{person('Ani')}/jp"
    found = (await http.get(f"{url}?year=2026", headers=as_("Ani"))).json()
    assert {name: found[name] for name in ("kind", "year", "completed", "minimum", "missing")} == {
        "kind": "PNS",
        "year": 2026,
        "completed": 16,
        "minimum": 20,
        "missing": 4,
    }
    assert found["rule"]["id"] == "jp-minimum"
    assert "PP 17/2020" in found["rule"]["source"]
    assert (await http.get(f"{url}?year=2025", headers=as_("Ani"))).json()["completed"] == 0


async def test_contract_staff_are_measured_against_their_cap(http: httpx.AsyncClient, as_: As, hear: Hear) -> None:
    await completed(http, as_, hear, "Tono")
    found = (await http.get(f"/employees/{person('Tono')}/jp?year=2026", headers=as_("Budi"))).json()
    assert (found["kind"], found["completed"], found["cap"], found["over_cap"]) == ("PPPK", 16, 24, False)


async def test_unknown_people_and_odd_years_are_refused(http: httpx.AsyncClient, as_: As) -> None:
    answer = await http.get(f"/employees/{person('nobody')}/jp", headers=as_("Hana", "hr"))
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    for year in ("1999", "x", "2026.5"):
        answer = await http.get(f"/employees/{person('Ani')}/jp?year={year}", headers=as_("Ani"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-input")
