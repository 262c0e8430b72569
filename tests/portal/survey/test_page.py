"""Whoever was served says how it was: without an account, once for each form, and not without end."""

import hashlib
from typing import Any

import pytest

from services.portal.survey import store
from tests.e2e.town import until
from tests.portal.conftest import Browser, Office

GOOD: dict[str, Any] = {f"u{number}": "4" for number in range(1, 10)}


@pytest.fixture(scope="module")
def counter(office: Office) -> str:
    """The code of a unit with a counter."""
    until(lambda: office.browser().http.get(f"/i/{office.agency.code}/survei/KEC").is_success)
    return "KEC"


def _answers(office: Office) -> int:
    found = office.agency.do("hana", "activity", "GET", "/satisfaction")["items"]
    return sum(item["respondents"] for item in found)


def test_an_answer_counts_once_however_often_it_is_sent(office: Office, counter: str) -> None:
    before = _answers(office)
    form = office.browser().get(f"survei/{counter}")
    sent = form.html
    form.post(**GOOD)
    assert "Terima kasih" in form.text
    again = office.browser().get(f"survei/{counter}")
    id = sent.split('name="id" value="')[1].split('"')[0]
    again.post(**GOOD, id=id)
    assert "Terima kasih" in again.text
    until(lambda: _answers(office) == before + 1)


def test_a_question_left_out_is_asked_for_and_the_other_answers_stay(office: Office, counter: str) -> None:
    form = office.browser().get(f"survei/{counter}")
    form.post(status=422, **{key: value for key, value in GOOD.items() if key != "u7"})
    assert "belum dijawab" in form.text
    assert form.html.count(" checked") == 8


@pytest.mark.parametrize("unit", ["TIDAK-ADA", "kec", "%00"])
def test_a_unit_that_is_none_has_no_survey(office: Office, unit: str) -> None:
    assert office.browser().http.get(f"/i/{office.agency.code}/survei/{unit}").status_code in (404, 422)


def test_the_poster_leads_to_the_survey(office: Office, counter: str) -> None:
    page = office.browser().get(f"survei/{counter}/poster")
    assert f"{office.url}/i/{office.agency.code}/survei/{counter}" in page.text
    assert "<svg" in page.html


def test_one_address_answers_so_often_in_an_hour_and_no_more(office: Office, counter: str) -> None:
    def sent(browser: Browser) -> int:
        hidden = browser.get(f"survei/{counter}").html.split('name="id" value="')[1].split('"')[0]
        address = f"/i/{office.agency.code}/survei/{counter}"
        return browser.http.post(
            address, data=GOOD | {"id": hidden}, headers={"X-Forwarded-For": "203.0.113.7"}
        ).status_code

    told = [sent(office.browser()) for _ in range(store.FROM_ONE_ADDRESS + 2)]
    assert set(told[: store.FROM_ONE_ADDRESS - 1]) == {200}
    assert 429 in told[-2:]
    keys = {row[0] for row in office.town.sql("portal", "SELECT key FROM survey_rate")}
    assert not keys & {hashlib.sha256(each.encode()).digest() for each in ("203.0.113.7", f"203.0.113.7\0{counter}")}
