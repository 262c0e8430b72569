"""HR's pages are for HR alone, and end at the instansi."""

from typing import Any

import pytest

from tests.portal.conftest import CODE as OTHER
from tests.portal.conftest import Office
from tests.portal.hr.conftest import Bureau

#: What each of the forms of these pages sends.
_ACTIONS: list[dict[str, Any]] = [{"do": what} for what in ("make", "link", "roles", "sign-out", "lock")]


@pytest.mark.parametrize("who", ["eko", "kadis", "audi"])
def test_staff_leaders_and_auditors_are_refused_every_page_and_action(bureau: Bureau, who: str) -> None:
    browser, gita, month = bureau.sign_in(who), bureau.agency.people["gita"], bureau.agency.last_month
    before = bureau.agency.ask("system", "portal", "GET", "/accounts").json()
    pages = ["kepegawaian", f"kepegawaian/{gita}", "periode", f"periode/{month}", "pemantauan", "pemantauan/unduh"]
    for page in [*pages, f"periode/{month}/kunci", f"periode/{month}/tutup"]:
        browser.get(page, 403)
        assert "Gita" not in browser.text
    for page in ("kepegawaian", f"periode/{month}/kunci", f"periode/{month}/tutup"):
        browser.get("kotak-masuk").post(page, 403, q="gita", unit="", do="xlsx")
    for sent in _ACTIONS:
        browser.get("kotak-masuk").post(f"kepegawaian/{gita}", 403, **sent)
    assert bureau.agency.ask("system", "portal", "GET", "/accounts").json() == before
    assert "Kepegawaian" not in browser.get("kotak-masuk").text
    guest = bureau.browser()
    for page in pages:
        assert guest.get(page).page == "masuk"


def test_people_of_another_instansi_are_out_of_reach(bureau: Bureau, office: Office) -> None:
    stranger, eko = office.sign_in("hana"), bureau.agency.people["eko"]
    own = bureau.sign_in("eko")
    before = bureau.agency.ask("system", "portal", "GET", "/accounts").json()
    stranger.get(f"kepegawaian/{eko}", 404)
    for sent in _ACTIONS:
        stranger.get("kepegawaian").post(f"kepegawaian/{eko}", 404, **sent)
        assert "Eko Prasetyo" not in stranger.text
    assert bureau.agency.ask("system", "portal", "GET", "/accounts").json() == before
    assert own.get("hari-ini").page == "hari-ini"
    theirs = office.agency.ask("system", "portal", "GET", "/accounts").json()
    assert eko not in {each["employee"] for each in theirs}
    hr = bureau.sign_in("hadi")
    assert hr.get(f"/i/{OTHER}/kepegawaian").page.endswith("masuk")
