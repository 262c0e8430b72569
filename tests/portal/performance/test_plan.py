"""The plan (SKP) that a superior proposes is agreed or returned by the employee, who states what no entry counts."""

from typing import Any

from shared.ids import fresh_id
from tests.e2e.town import until
from tests.portal.conftest import Browser, Office


def _indicator(title: str, target: dict[str, str], **more: str) -> dict[str, Any]:
    plain = {"id": str(fresh_id()), "aspect": "kualitas", "direction": "higher", "measure": "quantity"}
    return plain | {"title": title, "target": target, "unit_label": "laporan"} | more


def _propose(office: Office, *indicators: dict[str, Any]) -> None:
    results = [{"id": str(fresh_id()), "title": "Laporan tersusun", "indicators": list(indicators)}]
    address = f"/plans/{office.agency.people['hana']}/{office.agency.today.year}"
    office.agency.do("camat", "appraisal", "PUT", address, {"results": results})


def _plan(office: Office) -> dict[str, Any]:
    address = f"/plans/{office.agency.people['hana']}/{office.agency.today.year}"
    found: dict[str, Any] = office.agency.do("hana", "appraisal", "GET", address)
    return found


def _form(browser: Browser) -> dict[str, Any]:
    revision = browser.html.split('name="revision" value="')[1].split('"')[0]
    return {"revision": revision}


def test_a_plan_is_returned_and_agreed_as_it_was_seen_and_realisations_are_stated(office: Office) -> None:
    by_hand = _indicator("Kelengkapan arsip", {"kind": "percent", "value": "80"}, measure="manual")
    counted = _indicator("Laporan bulanan", {"kind": "range", "lo": "2", "hi": "4"})
    browser = office.sign_in("hana").get("skp")
    assert "Belum ada SKP untuk tahun ini." in browser.text
    _propose(office, by_hand, counted)
    browser.get("skp")
    assert "Siti Rahmawati mengusulkan SKP ini dan menunggu persetujuan Anda." in browser.text
    assert "Kelengkapan arsip 80 % Anda isi sendiri, lalu dikonfirmasi atasan" in browser.text
    assert "Laporan bulanan 2–4 laporan jumlah pada catatan Anda yang diverifikasi" in browser.text
    address, form = f"skp/{office.agency.today.year}", _form(browser)
    # Returning needs a reason.
    browser.post(address, 422, **form, do="return", reason="")
    browser.post(address, **form, do="return", reason="Target arsip terlalu tinggi")
    assert "Usulan SKP dikembalikan kepada pejabat penilai." in browser.text
    assert "Target arsip terlalu tinggi" in browser.text
    # The superior changes it twice; agreeing what is no longer proposed agrees nothing.
    _propose(office, by_hand | {"target": {"kind": "percent", "value": "60"}}, counted)
    form = _form(browser.get("skp"))
    _propose(office, by_hand | {"target": {"kind": "percent", "value": "50"}}, counted)
    browser.post(address, 409, **form, do="agree", reason="Masih ragu")
    assert "Sejak Anda membukanya, Siti Rahmawati mengubah usulan ini." in browser.text
    assert ">Masih ragu</textarea>" in browser.html
    assert (_plan(office)["status"], "Kelengkapan arsip 50 %" in browser.text) == ("proposed", True)
    for _ in range(2):  # sent twice it is agreed once
        browser.post(address, **_form(browser) if "Sepakati SKP ini" in browser.text else form, do="agree", reason="")
        form = {"revision": "3"}
        assert "SKP Anda disepakati dan berlaku sekarang." in browser.text
    assert (_plan(office)["status"], _plan(office)["agreed_revision"]) == ("agreed", 3)
    # What a new proposal changes is marked beside what is in force.
    _propose(office, by_hand | {"target": {"kind": "percent", "value": "55"}})
    browser.get("skp")
    assert "Kelengkapan arsip berubah 55 %" in browser.text
    assert "Tidak ada lagi dalam usulan: Laporan bulanan Sepakati" in browser.text
    assert "Laporan bulanan 2–4 laporan" in browser.text.split("Yang berlaku")[1]
    _states_and_confirms(office, browser, by_hand["id"])


def _states_and_confirms(office: Office, browser: Browser, indicator: str) -> None:
    period = str(office.agency.today)[:7]
    until(lambda: "Kelengkapan arsip" in browser.get("kinerja").text)
    assert "Target 50 %" in browser.text
    assert "Target 2–4 laporan" in browser.text
    assert browser.text.count("Isi realisasi") == 1
    browser.post(f"kinerja/{period}", 422, indicator=indicator, value="separuh", note="Hitungan <sendiri>")
    assert "Realisasi belum tersimpan" in browser.text
    assert 'value="separuh"' in browser.html
    assert ">Hitungan &lt;sendiri&gt;</textarea>" in browser.html
    for _ in range(2):
        browser.post(f"kinerja/{period}", indicator=indicator, value="42,5", note="Rekap arsip")
        assert "Realisasi tersimpan" in browser.text
    assert "Yang Anda isi: 42,5 laporan, Rekap arsip — menunggu konfirmasi atasan; belum dihitung." in browser.text
    review = f"/reviews/{office.agency.people['hana']}/{period}"
    confirmation = {"indicator": indicator, "value": "42.5"}
    office.agency.do("camat", "appraisal", "POST", f"{review}/realisation/confirm", confirmation)
    assert "sudah dikonfirmasi atasan dan dihitung." in browser.get("kinerja").text
    assert "Capaian 85 %" in browser.text
    # What no plan leaves to the employee cannot be stated.
    browser.post(f"kinerja/{period}", 422, indicator=str(fresh_id()), value="1", note="")


def test_a_year_that_is_none_is_not_found(office: Office) -> None:
    assert "Tahun ditulis seperti 2026" in office.sign_in("budi").get("skp/1", 404).text
    assert "Periksa alamat" in office.sign_in("budi").get("skp/nanti", 404).text
