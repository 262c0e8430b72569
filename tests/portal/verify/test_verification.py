"""A superior decides: a day of the whole team at once, one entry by itself, and beside others who do the same."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.portal.conftest import Browser
from tests.portal.village import INDICATOR, STAFF, Village

_STYLE = re.compile(r'href="(/static/[^"]+\.css)"')
_SCRIPT = re.compile(r'<script src="(/static/[^"]+)"')


def _boxes(html: str) -> list[str]:
    return re.findall(r'name="e" value="([^"]+)" checked', html)


def _csrf(html: str) -> str:
    return html.split('name="csrf" value="')[1].split('"')[0]


def _send(browser: Browser, page: str, **fields: Any) -> httpx.Response:
    """Fields that the page's own form would not send."""
    return browser.http.post(f"/i/{browser.code}/{page}", data={"csrf": _csrf(browser.html), **fields})


def test_a_day_of_the_whole_team_takes_two_taps_and_its_page_is_light(village: Village) -> None:
    village.settle()
    day, words = (
        village.agency.today,
        "Melayani warga yang mengurus surat pengantar dan keterangan domisili di loket depan, lalu mengarsipkan berkas",
    )
    logged = [village.log(who, day, f"{words} {number}") for who in STAFF for number in range(1, 5)]
    boss = village.sign_in("lurah").get("verifikasi")
    assert "100 catatan, 25 orang" in boss.text
    link = re.search(r'href="([^"]+/verifikasi/hari/[^"]+)"', boss.html)
    assert link
    boss.get(link[1])
    assert sorted(box.split(".")[0] for box in _boxes(boss.html)) == sorted(logged)
    assert (boss.text.count("Pegawai Nomor"), boss.text.count(words)) == (25, 100)
    files = {*_STYLE.findall(boss.html), *_SCRIPT.findall(boss.html)}
    assert len(boss.html.encode()) + sum(len(boss.http.get(file).content) for file in files) < 60_000
    boss.post(e=_boxes(boss.html))
    assert (boss.page, "Semua yang dipilih terverifikasi." in boss.text) == ("verifikasi", True)
    assert "Tidak ada yang menunggu" in boss.text
    first = village.state(logged[0])
    assert (first["status"], first["verdict"], first["decided_by"]) == (
        "verified",
        "meets",
        village.agency.people["lurah"],
    )
    assert {village.state(each)["status"] for each in logged[1::17]} == {"verified"}


def test_what_changed_meanwhile_is_told_entry_by_entry_and_the_others_are_done(village: Village) -> None:
    village.settle()
    day = village.agency.today - timedelta(days=1)
    names = ("diubah", "ditarik", "keburu", "biasa")
    logged = dict(zip(names, (village.log("staf03", day, f"Surat {name}") for name in names), strict=True))
    boss = village.sign_in("lurah").get(f"verifikasi/hari/{day}")
    boxes = _boxes(boss.html)
    assert len(boxes) == 4
    do = village.agency.do
    do(
        "staf03",
        "activity",
        "POST",
        f"/entries/{logged['diubah']}/amend",
        {"day": str(day), "quantity": "7", "description": "Surat diganti", "version": 1},
    )
    do("staf03", "activity", "POST", f"/entries/{logged['ditarik']}/withdraw", {"version": 1})
    do("lain", "activity", "POST", f"/entries/{logged['keburu']}/return", {"version": 1, "text": "Lampirkan berkasnya"})
    boss.post(status=409, e=boxes)
    assert "1 terverifikasi, 3 tidak." in boss.text
    assert "Diubah oleh Pegawai Nomor 03" in boss.text
    assert "Ditarik oleh Pegawai Nomor 03" in boss.text
    assert "Dikembalikan oleh Dewi Anggraini" in boss.text or "Dikembalikan oleh orang lain" in boss.text
    # What changed stands there to be looked at again, and is not chosen for the superior.
    assert "Surat diganti 7" in boss.text
    assert _boxes(boss.html) == []
    states = {name: village.state(id)["status"] for name, id in logged.items()}
    assert states == {"diubah": "waiting", "ditarik": "withdrawn", "keburu": "returned", "biasa": "verified"}
    boss.post(e=[f"{logged['diubah']}.2"])
    assert village.state(logged["diubah"])["status"] == "verified"


def test_two_windows_of_one_superior_do_one_thing_once(village: Village) -> None:
    village.settle()
    day = village.agency.today - timedelta(days=2)
    one = village.log("staf04", day, "Rapat koordinasi")
    left, right = village.sign_in("lurah"), village.sign_in("lurah")
    left.get(f"verifikasi/hari/{day}")
    right.get(f"verifikasi/catatan/{one}", dari=f"hari/{day}")
    right.post(do="return", text="Rapat apa?")
    assert right.page == f"verifikasi/hari/{day}"
    left.post(status=409, e=[f"{one}.1"])
    assert "0 terverifikasi, 1 tidak." in left.text
    assert "Dikembalikan oleh Anda" in left.text
    # The same decision sent twice, as by a double tap, is done once and is no error.
    two = village.log("staf04", day, "Rapat evaluasi")
    for browser in (left, right):
        browser.get(f"verifikasi/hari/{day}")
    for browser in (left, right):
        browser.post(e=[f"{two}.1"])
        assert "Semua yang dipilih terverifikasi." in browser.text
    assert [step["what"] for step in village.state(two)["history"]] == ["logged", "verified"]


def test_one_entry_is_judged_with_words_and_its_history_tells_all(village: Village) -> None:
    village.settle()
    day = village.agency.last_month.first_day  # logged weeks later
    entry = village.log("staf01", day, "Menyelesaikan surat", "3", indicator=village.indicator("staf01"), minutes=45)
    who = village.agency.people["staf01"]
    boss = village.sign_in("lurah").get(f"verifikasi/orang/{who}")
    assert "Menyelesaikan surat" in boss.text
    if day.year == village.agency.today.year:
        assert f"3 surat · {INDICATOR} · 45 menit Terlambat dicatat" in boss.text
    boss.get(f"verifikasi/catatan/{entry}", dari=f"orang/{who}")
    boss.post(status=422, do="return", text="")
    assert "Alasan wajib diisi" in boss.text
    boss.post(do="below", text="Dua surat belum ditandatangani")
    assert (boss.page, "Catatan terverifikasi." in boss.text) == (f"verifikasi/orang/{who}", True)
    boss.get(f"verifikasi/catatan/{entry}")
    assert "Diverifikasi oleh Anda: di bawah ekspektasi" in boss.text
    assert "Dua surat belum ditandatangani" in boss.text
    boss.post(do="withdraw", text="Salah orang")
    assert "Verifikasi dibatalkan; catatan menunggu lagi." in boss.text
    boss.get(f"verifikasi/catatan/{entry}")
    stale = _send(boss, f"verifikasi/catatan/{entry}", version="1", do="meets", text="Sudah <b>benar</b>")
    assert stale.status_code == 412
    assert "Yang terjadi sejak Anda membukanya" in stale.text
    assert "Sudah &lt;b&gt;benar&lt;/b&gt;</textarea>" in stale.text
    assert [step["what"] for step in village.state(entry)["history"]] == [
        "logged",
        "verified",
        "verification-withdrawn",
    ]


def test_nobody_sees_or_decides_about_people_who_are_not_theirs(village: Village) -> None:
    day = village.agency.today - timedelta(days=3)
    other = village.log("dodi", day, "Pekerjaan kelurahan lain")
    boss = village.sign_in("lurah").get("verifikasi")
    for page in (f"verifikasi/hari/{day}", f"verifikasi/orang/{village.agency.people['dodi']}"):
        assert "Pekerjaan kelurahan lain" not in boss.get(page).text
        assert "Dodi" not in boss.text
    boss.get(f"verifikasi/catatan/{other}", 403)
    assert "Pekerjaan kelurahan lain" not in boss.text
    boss.get(f"verifikasi/hari/{day}")
    batch = _send(boss, f"verifikasi/hari/{day}", e=f"{other}.1")
    assert (batch.status_code, "0 terverifikasi, 1 tidak." in batch.text) == (409, True)
    assert "Pekerjaan kelurahan lain" not in batch.text
    single = _send(boss, f"verifikasi/catatan/{other}", version="1", do="meets")
    assert single.status_code == 403
    worker = village.sign_in("staf05")
    worker.get(f"verifikasi/catatan/{other}", 403)
    assert "Tidak ada yang menunggu" in worker.get("verifikasi").text
    [step] = village.agency.do("lain", "activity", "GET", f"/entries/{other}")["history"]
    assert step["what"] == "logged"


def test_nothing_chosen_or_typed_is_lost_while_activity_is_away(village: Village) -> None:
    village.settle()
    day = village.agency.today - timedelta(days=4)
    one, two = (village.log("staf06", day, words) for words in ("Menyusun jadwal", "Menyusun anggaran"))
    boss = village.sign_in("lurah").get(f"verifikasi/hari/{day}")
    village.kill("activity")
    boss.post(status=503, e=[f"{one}.1"])
    assert "1 catatan yang Anda pilih belum terkirim." in boss.text
    village.ready()
    boss.post()  # "Kirim lagi": what was chosen stands in the form
    assert "Semua yang dipilih terverifikasi." in boss.text
    boss.get(f"verifikasi/catatan/{two}")
    village.kill("activity")
    boss.post(status=503, do="return", text="Anggaran tahun mana?")
    assert ">Anggaran tahun mana?</textarea>" in boss.html
    village.ready()
    boss.post(do="return", text="Anggaran tahun mana?")
    assert [village.state(each)["status"] for each in (one, two)] == ["verified", "returned"]


@pytest.mark.parametrize("sent", [["bukan-id.1"], ["0197a000-0000-7000-8000-00000000aaaa"], []])
def test_a_form_that_is_not_ours_or_chooses_nothing_is_refused(village: Village, sent: Any) -> None:
    boss = village.sign_in("lurah").get(f"verifikasi/hari/{village.agency.today}")
    assert _send(boss, f"verifikasi/hari/{village.agency.today}", e=sent).status_code == 422
