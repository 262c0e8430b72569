"""Work is logged in a form, and nothing typed is lost."""

from typing import Any

from tests.portal.conftest import INDICATOR, Office


def test_work_is_logged_for_an_indicator_and_its_state_is_shown(office: Office) -> None:
    browser = office.sign_in("budi").get("hari-ini")
    indicator = browser.html.split(f"selected>{INDICATOR}")[0] if "selected" in browser.html else browser.html
    chosen = indicator.rsplit(f">{INDICATOR}", 1)[0].rsplit('value="', 1)[1].split('"')[0]
    fields: dict[str, Any] = {"day": str(office.agency.today), "quantity": "2,5", "indicator": chosen, "minutes": "30"}
    browser.post(description="Memeriksa lansia di balai", **fields)
    assert "Catatan tersimpan." in browser.text
    assert f"Memeriksa lansia di balai 2,5 · {INDICATOR} Menunggu verifikasi" in browser.text


def test_a_refused_entry_says_why_and_keeps_what_was_typed(office: Office) -> None:
    browser = office.sign_in("budi").get("hari-ini")
    browser.post(
        status=422,
        day=str(office.agency.today),
        quantity="banyak",
        indicator="",
        minutes="",
        description="Rapat panjang",
    )
    assert "Catatan belum tersimpan" in browser.text
    assert ">Rapat panjang</textarea>" in browser.html
    assert 'value="banyak"' in browser.html
