"""One's own entry is corrected and taken back, and what happened meanwhile is told in words."""

from datetime import timedelta
from typing import Any

from tests.e2e.town import entry, until
from tests.portal.conftest import Browser, Office


def _logged(office: Office, words: str, **more: Any) -> str:
    made = entry(office.agency.today, "2", description=words, **more)
    office.agency.do("budi", "activity", "POST", "/entries/batch", {"items": [made]})
    return str(made["id"])


def _state(office: Office, id: str) -> dict[str, Any]:
    found: dict[str, Any] = office.agency.do("budi", "activity", "GET", f"/entries/{id}")
    return found


def _fields(office: Office, words: str, quantity: str) -> dict[str, Any]:
    day = str(office.agency.today - timedelta(days=1))
    return {"do": "amend", "day": day, "indicator": "", "quantity": quantity, "minutes": "", "description": words}


def _decide(office: Office, id: str, what: str, version: int, **more: str) -> None:
    until(lambda: office.agency.ask("camat", "activity", "GET", f"/entries/{id}").is_success)
    office.agency.do("camat", "activity", "POST", f"/entries/{id}/{what}", {"version": version, **more})


def test_a_returned_entry_comes_first_with_the_reason_and_is_corrected(office: Office) -> None:
    id = _logged(office, "Kunjungan rumah", activity="KUNJUNGAN", done_at=f"{office.agency.today}T08:15:00+07:00")
    _decide(office, id, "return", 1, text="Berapa rumah yang dikunjungi?")
    browser = office.sign_in("budi").get("hari-ini")
    told = "Kunjungan rumah"
    assert "Berapa rumah yang dikunjungi? Siti Rahmawati" in browser.text.split("Catat pekerjaan")[0]
    browser.get(f"catatan/{id}")
    assert "Dikembalikan oleh Siti Rahmawati Berapa rumah yang dikunjungi?" in browser.text
    browser.post(**_fields(office, f"{told}: lima rumah", "5,5"))
    assert "Perbaikan tersimpan; catatan menunggu verifikasi." in browser.text
    state = _state(office, id)
    assert (state["status"], state["quantity"], state["version"]) == ("waiting", "5.5", 3)
    # What the form does not show is not lost by it.
    assert (state["activity"], bool(state["done_at"])) == ("KUNJUNGAN", True)
    assert "Berapa rumah" not in browser.get("hari-ini").text


def test_what_changed_meanwhile_is_told_and_what_was_typed_stays(office: Office) -> None:
    id = _logged(office, "Rapat koordinasi")
    browser = office.sign_in("budi").get(f"catatan/{id}")
    _decide(office, id, "verify", 1, verdict="below", text="Notulen tidak ada")
    browser.post(status=412, **_fields(office, "Rapat dengan <puskesmas>", "7"))
    assert "Catatan belum berubah" in browser.text
    assert "Diverifikasi oleh Siti Rahmawati: di bawah ekspektasi" in browser.text
    assert "Notulen tidak ada" in browser.text
    assert ">Rapat dengan &lt;puskesmas&gt;</textarea>" in browser.html
    assert 'value="7"' in browser.html
    assert _state(office, id)["version"] == 2
    # Seen and sent again it replaces what was verified, which waits anew; sent twice it acts once.
    before = browser.answer
    browser.post(**_fields(office, "Rapat dengan <puskesmas>", "7"))
    browser.answer = before
    browser.post(**_fields(office, "Rapat dengan <puskesmas>", "7"))
    state = _state(office, id)
    assert (state["status"], state["version"], state["description"]) == ("waiting", 3, "Rapat dengan <puskesmas>")


def test_an_entry_is_taken_back_and_another_window_hears_of_it(office: Office) -> None:
    id = _logged(office, "Salah tanggal")
    browser = office.sign_in("budi").get(f"catatan/{id}")
    left = browser.answer
    browser.post(do="withdraw")
    assert (browser.page, "Catatan ditarik; tidak dihitung lagi." in browser.text) == ("hari-ini", True)
    browser.answer = left
    browser.post(status=412, **_fields(office, "Tanggal benar", "3"))
    assert "Ditarik oleh Anda" in browser.text
    assert "Catatan ini tidak dapat diubah lagi. Yang Anda tulis: “Tanggal benar”, jumlah 3." in browser.text
    assert "Simpan perbaikan" not in browser.text
    assert _state(office, id)["status"] == "withdrawn"


def test_a_mistake_in_a_correction_says_what_to_change(office: Office) -> None:
    id = _logged(office, "Pendataan")
    browser = office.sign_in("budi").get(f"catatan/{id}")
    tomorrow = str(office.agency.today + timedelta(days=2))
    browser.post(status=422, **(_fields(office, "Pendataan ulang", "1") | {"day": tomorrow}))
    assert "pakai tanggal hari ini atau sebelumnya" in browser.text
    assert ">Pendataan ulang</textarea>" in browser.html
    assert f'value="{tomorrow}"' in browser.html


def test_only_the_author_is_offered_to_change_an_entry_and_nobody_else_can(office: Office) -> None:
    id = _logged(office, "Milik Budi")
    boss = office.sign_in("camat")
    until(lambda: office.agency.ask("camat", "activity", "GET", f"/entries/{id}").is_success)
    assert "Simpan perbaikan" not in boss.get(f"catatan/{id}").text
    for who in ("camat", "ani"):
        browser: Browser = office.sign_in(who).get("kotak-masuk")
        browser.post(f"catatan/{id}", 403, version="1", **_fields(office, "Diambil alih", "9"))
        browser.get("kotak-masuk").post(f"catatan/{id}", 403, version="1", do="withdraw")
        assert "Milik Budi" not in browser.text or who == "camat"
    assert _state(office, id)["version"] == 1
