"""The score says what it is made of, and what waits for whom."""

from shared.ids import fresh_id
from tests.e2e.town import entry, until
from tests.portal.conftest import INDICATOR, Office


def test_the_score_says_what_it_is_made_of_and_who_verifies_the_rest(office: Office) -> None:
    agency = office.agency
    period = agency.last_month
    plan = agency.do("budi", "appraisal", "GET", f"/plans/{agency.people['budi']}/{period.year}")
    indicator = plan["agreed"][0]["indicators"][0]["id"]
    items = [
        entry(period.first_day, quantity, indicator, description=f"Posyandu {quantity}") for quantity in ("12", "3")
    ]
    agency.do("budi", "activity", "POST", "/entries/batch", {"items": items})
    agency.do("camat", "activity", "POST", f"/entries/{items[0]['id']}/verify", {"version": 1})
    browser = office.sign_in("budi")
    until(lambda: "60 %" in browser.get(f"kinerja/{period}").text)
    text = browser.text
    assert f"{INDICATOR} Asal angka ini Target 20 orang Realisasi 12 orang Capaian 60 %" in text
    assert "realisasi / target × 100 % = 60 % Dasar: PermenPANRB 8/2021" in text
    assert "1 catatan menunggu verifikasi oleh Siti Rahmawati" in text
    assert f'href="/i/{office.agency.code}/catatan/{items[0]["id"]}"' in browser.html
    assert "Posyandu 12" in browser.get(f"catatan/{items[0]['id']}").text
    assert "diverifikasi" in browser.text


def test_nobody_reads_the_work_of_somebody_else(office: Office) -> None:
    mine = entry(office.agency.today, "1", description="Rahasia")
    office.agency.do("camat", "activity", "POST", "/entries/batch", {"items": [mine]})
    browser = office.sign_in("ani")
    for address, status in ((f"catatan/{mine['id']}", 403), (f"catatan/{fresh_id()}", 404)):
        assert "Rahasia" not in browser.get(address, status).text


def test_what_is_no_period_is_not_found(office: Office) -> None:
    assert "Periode ditulis seperti 2026-03" in office.sign_in("budi").get("kinerja/kapan", 404).text
