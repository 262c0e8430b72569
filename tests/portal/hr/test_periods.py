"""HR closes a period in two steps, knowing what is missing, who causes it and what follows."""

from datetime import timedelta

from tests.e2e.town import entry, until
from tests.portal.hr.conftest import Bureau


def test_a_period_is_closed_in_two_steps_that_name_what_is_missing_and_what_follows(bureau: Bureau) -> None:
    agency, hr = bureau.agency, bureau.sign_in("hadi")
    month = agency.last_month
    page, eko = f"periode/{month}", agency.people["eko"]
    day = next(day for day in (month.first_day + timedelta(days=n) for n in range(7)) if day.weekday() < 5)
    made = entry(day, "1", description="Laporan")
    agency.do("eko", "activity", "POST", "/entries/batch", {"items": [made]})
    rating = {"work_result": "meets", "behaviour": "meets"}
    until(lambda: agency.ask("kabid", "appraisal", "POST", f"/reviews/{eko}/{month}/rating", rating).is_success)
    until(lambda: "Citra Dewanti 1 1" in hr.get(page).text)

    assert hr.get("periode").text.count("Berakhir, belum dikunci") == 1
    hr.get(page)
    # Everybody without a rating by superior: Citra has Fitri left, Bagus the four below him, nobody is above him.
    unrated = hr.text.partition("Evaluasi tanpa rating, menurut atasan Atasan Pegawai ")[2]
    assert unrated.startswith("Bagus Pranoto 4 ")
    assert "Citra Dewanti 1" in unrated
    assert "Tanpa atasan: HR memutuskan 1" in unrated
    assert "Langkah ini bukan untuk keadaan sekarang" in hr.get(f"{page}/tutup").text
    hr.post(status=409)
    assert "Kunci dahulu periode ini" in hr.text

    hr.get(f"{page}/kunci")
    assert "1 catatan yang menunggu masih dapat diverifikasi sampai" in hr.text
    hr.post()
    assert "Periode mulai dikunci. " in hr.text
    assert "Dikunci, verifikasi masih berjalan" in hr.text
    hr.post(f"{page}/kunci")  # sent twice it is one
    assert "Citra Dewanti 1 1" in hr.text
    waiting = {"items": [{"entry": made["id"], "version": 1}]}
    agency.do("kabid", "activity", "POST", "/verifications", waiting)
    until(lambda: "Terkunci, siap ditutup" in hr.get(page).text)

    hr.get(f"{page}/tutup")
    assert "6 evaluasi tanpa rating ditutup tanpa rating." in hr.text
    until(lambda: hr.get(f"{page}/tutup").post().page == page)
    until(lambda: "Ditutup pada" in hr.get(page).text)
    assert "Evaluasi 7 Dirating 1 Tidak dirating 6" in hr.text
    assert "1 dirating, 6 tidak" in hr.get("periode", tahun=month.year).text


def test_only_a_period_that_is_over_and_belongs_to_the_instansi_can_be_closed(bureau: Bureau) -> None:
    hr, month = bureau.sign_in("hadi"), bureau.agency.last_month
    hr.get(f"periode/{month.next()}/kunci")
    assert "Langkah ini bukan untuk keadaan sekarang: Sedang berjalan." in hr.text
    hr.post(status=409)
    assert "belum berakhir" in hr.text
    for other in (month.previous(), month.next().next(), "2026-13", "kapan"):
        hr.get(f"periode/{other}", 404)
        hr.post(f"periode/{other}/kunci", 404)
    hr.get(f"periode/{month}/hapus", 404)
    hr.get("periode", 404, tahun=month.year - 1)
