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


async def test_hours_completed_elsewhere_count_once_for_each_source(
    http: httpx.AsyncClient, as_: As, hear: Hear
) -> None:
    await completed(http, as_, hear)
    ani, hr = str(person("Ani")), as_("Hana", "hr")

    async def told(*items: tuple[str, int, int, str], dry_run: bool = False) -> list[str]:
        body = [dict(zip(("employee", "year", "jp", "source"), item, strict=True)) for item in items]
        answer = await http.post(
            "/imports/learning-hours", json={"items": body}, headers=hr, params={"dry_run": dry_run}
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        return [each.get("code") or each["outcome"] for each in answer.json()["results"]]

    async def hours(year: int = 2026) -> tuple[int, int, int]:
        found = (await http.get(f"/employees/{ani}/jp?year={year}", headers=as_("Ani"))).json()
        return found["completed"], found["elsewhere"], found["missing"]

    assert await told((ani, 2026, 3, "kinerja-lama"), dry_run=True) == ["new"]
    assert await hours() == (16, 0, 4)
    assert await told((ani, 2026, 3, "kinerja-lama"), (ani, 2026, 2, "lms"), (ani, 2025, 7, "lms")) == ["new"] * 3
    assert (await hours(), await hours(2025)) == ((21, 5, 0), (7, 7, 13))
    assert await told((ani, 2026, 1, "kinerja-lama"), (ani, 2026, 2, "lms")) == ["changed", "unchanged"]
    assert await hours() == (19, 3, 1)
    refused = await told(
        (ani, 2026, 2, "lms"), (ani, 2026, 9, "lms"), (str(person("nobody")), 2026, 2, "lms"), (ani, 2026, -1, "lms")
    )
    assert refused == ["unchanged", "hours-twice-in-batch", "unknown-employee", "invalid-input"]
    assert await hours() == (19, 3, 1)
    body = {"items": [{"employee": ani, "year": 2026, "jp": 50, "source": "self"}]}
    answer = await http.post("/imports/learning-hours", json=body, headers=as_("Ani"))
    assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
