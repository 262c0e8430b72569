"""Bad input over HTTP: one clear answer with a stable code that says what to change, and no trace in the records."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.ids import fresh_id
from tests.e2e.bad_input import CASES, NOWHERE, Bad
from tests.e2e.office import Office, open_office
from tests.e2e.town import Town, entry, filled


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return open_office(town, "kota-uji")


def names(office: Office) -> dict[str, Any]:
    """What the cases' names stand for; ids that are new are new each time."""
    today = office.agency.today
    return {
        **office.agency.people,
        "indicator": office.indicator,
        "entry": office.entry,
        "unit": office.unit,
        "boss_nip": office.nips["boss"],
        "ani_nip": office.nips["ani"],
        "ghost": str(uuid4()),
        "today": str(today),
        "later": str(today + timedelta(days=2)),
        "open": f"{today:%Y-%m}",
        "closed": str(office.agency.last_month),
        "new": str(fresh_id()),
        "random": str(uuid4()),
    }


def check_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code), answer.text
    assert told["type"] == f"urn:kinerja:problem:{code}"
    assert told["correlation_id"] == answer.headers["x-correlation-id"]
    check_words(told)


def check_words(told: dict[str, Any]) -> None:
    """A title, and a detail in both languages that says what to change."""
    assert told["title"]
    assert " / " in told["detail"], told["detail"]


@pytest.mark.parametrize(
    ("service", "bad"),
    [pytest.param(service, bad, id=f"{service}: {bad.what}") for service, cases in CASES.items() for bad in cases],
)
def test_bad_input_is_refused_and_leaves_no_trace(office: Office, service: str, bad: Bad) -> None:
    agency, of = office.agency, names(office)
    agency.people["ghost"] = of["ghost"]
    before = agency.town.counts(service, agency.code)
    method, path = bad.route.format(**of).split(" ", 1)
    body = filled(bad.body, of)
    more = {"headers": bad.headers} if bad.headers else {}
    if bad.raw is not None:
        answer = agency.ask(bad.who, service, method, path, content=bad.raw, **more)
    else:
        answer = agency.ask(bad.who, service, method, path, {"items": [body]} if bad.item else body, **more)
    if bad.item:
        assert answer.status_code == 200, answer.text
        [told] = answer.json()["results"]
        assert (told["status"], told["code"]) == (bad.status, bad.code), told
        check_words(told)
    else:
        check_problem(answer, bad.status, bad.code)
    assert agency.town.counts(service, agency.code) == before


@pytest.mark.parametrize("service", NOWHERE)
def test_an_agency_nobody_registered_is_refused_and_leaves_no_trace(office: Office, service: str) -> None:
    route, body, status, code = NOWHERE[service]
    of, town, nowhere = names(office), office.agency.town, "kota-hilang"
    method, path = route.format(**of).split(" ", 1)
    token = town.token(nowhere, "staff", "hr", employee=of["ghost"])
    check_problem(town.ask(token, nowhere, service, method, path, filled(body, of)), status, code)
    assert not any(town.counts(service, nowhere).values())


def test_a_batch_with_one_bad_item_takes_the_others(office: Office) -> None:
    agency = office.agency
    before = agency.town.counts("activity", agency.code)
    good, bad, also = (entry(agency.today, quantity) for quantity in ("1", "-1", "2"))
    answer = agency.ask("ani", "activity", "POST", "/entries/batch", {"items": [good, bad, also]})
    results = answer.json()["results"]
    assert [(result["id"], result["status"]) for result in results] == [
        (good["id"], 201),
        (bad["id"], 422),
        (also["id"], 201),
    ]
    again = agency.ask("ani", "activity", "POST", "/entries/batch", {"items": [good, also]})
    assert [result["status"] for result in again.json()["results"]] == [200, 200]
    agency.town.settle()
    after = agency.town.counts("activity", agency.code)
    assert {table: after[table] - before[table] for table in after if after[table] != before[table]} == {
        "entry": 2,
        "events": 2,
    }
