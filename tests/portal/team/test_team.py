"""A superior sees everybody who reports to them, rates beside the recommendation, and decides on plans."""

import re
from datetime import timedelta
from typing import Any

from tests.e2e.town import until
from tests.portal.village import STAFF, Village


def _rows(html: str) -> dict[str, list[str]]:
    """The team's table: cells by name."""
    found = {}
    for row in re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", html, flags=re.S):
        name, *cells = (" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.split(r"</th>|</td>", row))
        found[name] = cells
    return found


def _working_days(first: Any, last: Any) -> int:
    return sum((first + timedelta(days=n)).weekday() < 5 for n in range((last - first).days + 1))


def test_nobody_is_invisible_and_days_without_entries_are_counted(village: Village) -> None:
    month = village.agency.last_month
    logged = next(day for day in (month.first_day + timedelta(days=n) for n in range(7)) if day.weekday() < 5)
    village.log("staf07", logged, "Rapat awal bulan")
    boss = village.sign_in("lurah")
    working = _working_days(month.first_day, month.last_day)
    until(
        lambda: (
            _rows(boss.get("tim", periode=str(month)).html)["Pegawai Nomor 07"][1] == f"{working - 1} dari {working}"
        )
    )
    rows = _rows(boss.html)
    assert sorted(rows) == [f"Pegawai Nomor {number:02}" for number in range(1, len(STAFF) + 1)]
    assert rows["Pegawai Nomor 08"][1] == f"{working} dari {working}"
    assert (rows["Pegawai Nomor 01"][5], rows["Pegawai Nomor 08"][5]) == ("Disepakati", "Belum ada")
    assert int(rows["Pegawai Nomor 07"][2]) >= 1
    other = _rows(village.sign_in("dodi").get("tim").html)
    assert other == {}


def test_a_rating_is_set_beside_the_recommendation_and_what_came_meanwhile_is_said(village: Village) -> None:
    month, who = str(village.agency.last_month), village.agency.people["staf02"]
    village.log("staf02", village.agency.last_month.first_day, "Surat selesai", "18")
    left, right = village.sign_in("lurah"), village.sign_in("lurah")
    until(lambda: "Tetapkan rating" in left.get(f"tim/{who}", periode=month).text)
    right.get(f"tim/{who}", periode=month)
    page = f"tim/{who}?periode={month}"
    left.post(page, status=422, work_result="meets", behaviour="below", text="")
    assert "Alasan wajib diisi" in left.text
    left.post(page, do="rating", work_result="meets", behaviour="meets", text="")
    assert "Rating tersimpan." in left.text
    assert "hasil kerja sesuai ekspektasi , perilaku kerja sesuai ekspektasi , predikat Baik , oleh Anda" in left.text
    right.post(page, status=412, do="rating", work_result="above", behaviour="above", text="Luar biasa")
    assert "predikat Baik" in right.text
    assert ">Luar biasa</textarea>" in right.html
    right.post(page, do="rating", work_result="above", behaviour="above", text="Luar biasa")
    assert "predikat Sangat baik" in right.text


def test_a_plan_that_the_employee_proposed_is_returned_with_a_reason_or_agreed(village: Village) -> None:
    who, year = village.agency.people["staf09"], village.agency.today.year
    proposal = {"results": [village.result("Arsip tertata")]}
    village.agency.do("staf09", "appraisal", "PUT", f"/plans/{who}/{year}", proposal)
    boss = village.sign_in("lurah").get("tim")
    assert _rows(boss.html)["Pegawai Nomor 09"][5] == "Menunggu Anda"
    boss.get(f"tim/{who}")
    assert "Arsip tertata" in boss.text
    assert "20 surat" in boss.text
    boss.post(do="return", text="Tambahkan indikator waktu")
    assert "SKP dikembalikan kepada pegawai." in boss.text
    assert "Tambahkan indikator waktu" in boss.text
    other = {"results": [village.result("Arsip tertata tepat waktu")]}
    village.agency.do("staf09", "appraisal", "PUT", f"/plans/{who}/{year}", other)
    boss.get(f"tim/{who}").post(do="agree", text="")
    assert "SKP disepakati." in boss.text
    plan = village.agency.do("staf09", "appraisal", "GET", f"/plans/{who}/{year}")
    assert (plan["status"], plan["agreed"][0]["title"]) == ("agreed", "Arsip tertata tepat waktu")


def test_only_the_superior_has_the_page_of_a_person(village: Village) -> None:
    who = village.agency.people["staf02"]
    for stranger in ("dodi", "staf03", "staf02"):
        browser = village.sign_in(stranger)
        browser.get(f"tim/{who}", 404)
        assert "Pegawai Nomor 02" not in browser.text
    dodi = village.agency.people["dodi"]
    village.sign_in("lurah").get(f"tim/{dodi}", 404)
    village.sign_in("lain").get(f"tim/{who}")  # who acts for the head (Plh)
    village.sign_in("lurah").get("tim", 404, periode="1999-01")


def test_the_team_is_there_while_appraisal_is_away(village: Village) -> None:
    boss = village.sign_in("lurah").get("tim")
    village.kill("appraisal")
    boss.get("tim")
    assert "appraisal sedang tidak dapat dihubungi" in boss.text
    assert len(_rows(boss.html)) == len(STAFF)
    village.ready()
