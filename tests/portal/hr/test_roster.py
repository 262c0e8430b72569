"""HR finds people, gives them a way in and takes it away, and takes the list along as a file."""

import io
import re
from typing import Any

from openpyxl import load_workbook

from tests.portal.conftest import PASSWORD, Browser
from tests.portal.hr.conftest import CODE, FORMULA, PEOPLE, Bureau


def sheet(browser: Browser) -> list[list[Any]]:
    """The cells of the file that was downloaded."""
    assert browser.answer is not None
    sheet = load_workbook(io.BytesIO(browser.answer.content)).active
    assert sheet is not None
    return [list(row) for row in sheet.iter_rows()]


def test_people_are_found_by_name_nip_and_unit_and_nothing_typed_stands_in_an_address(bureau: Bureau) -> None:
    hr = bureau.sign_in("hadi").get("kepegawaian")
    assert all(row[0] in hr.text for row in PEOPLE.values())
    assert f"{FORMULA} 199106212016032004 Bidang Citra Dewanti Perlu tautan baru" in hr.text
    hr.post(q="prasetyo", unit="")
    assert "Eko Prasetyo" in hr.text
    assert "Gita Savitri" not in hr.text
    assert hr.answer is not None
    assert hr.answer.url.query == b""
    hr.post(q="19920722 2017", unit="")
    assert "Gita Savitri" in hr.text
    assert "Eko Prasetyo" not in hr.text
    hr.post(status=422, q="x", unit="", do="xlsx")
    assert 'value="x"' in hr.html
    hr.post(status=422, q="x", unit="")
    assert 'value="x"' in hr.html
    person = hr.get(f"kepegawaian/{bureau.agency.people['eko']}")
    unit = re.search(r'kepegawaian\?unit=([0-9a-f-]{36})">Bidang', person.html)
    assert unit is not None
    hr.get("kepegawaian", unit=unit[1])
    assert "Eko Prasetyo" in hr.text
    assert "Gita Savitri" not in hr.text


def test_the_file_holds_the_list_and_what_looks_like_a_formula_is_text(bureau: Bureau) -> None:
    hr = bureau.sign_in("hadi").get("kepegawaian").post(do="xlsx", q="", unit="")
    cells = sheet(hr)
    heading, *rows = [[cell.value for cell in row] for row in cells]
    assert heading == ["NIP", "Nama", "Jenis", "Unit", "Atasan", "Pegawai aktif", "Akun"]
    assert sorted(row[0] for row in rows) == sorted(person[1] for person in PEOPLE.values())
    assert ["199106212016032004", FORMULA, "PNS", "Bidang", "Citra Dewanti", "Ya"] in [row[:6] for row in rows]
    [cell] = [cell for row in cells for cell in row if cell.value == FORMULA]
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


def test_an_account_begins_with_a_link_that_works_once_and_ends_with_a_lock(bureau: Bureau) -> None:
    hr, gita = bureau.sign_in("hadi"), bureau.agency.people["gita"]
    first = _link(hr.get(f"kepegawaian/{gita}").post(do="link"))
    link = _link(hr.get(f"kepegawaian/{gita}").post(do="link"))
    own = bureau.browser()
    own.get(first, 410)
    own.get(link).post(password=PASSWORD, again=PASSWORD).post(nip=PEOPLE["gita"][1], password=PASSWORD)
    assert own.page == "hari-ini"
    hr.get(f"kepegawaian/{gita}")
    assert "Akun aktif Masuk di 1 perangkat." in hr.text
    hr.post(do="sign-out")
    assert "Pegawai keluar dari semua perangkat." in hr.text
    assert own.get("hari-ini").page == "masuk"
    own.post(nip=PEOPLE["gita"][1], password=PASSWORD)
    hr.post(do="roles", leader="1")
    assert "Pimpinan: melihat unit yang dikepalainya." in hr.text
    hr.post(do="lock")
    assert "Perlu tautan baru" in hr.text
    assert own.get("hari-ini").page == "masuk"
    own.post(status=401, nip=PEOPLE["gita"][1], password=PASSWORD)
    hr.post(do="roles")


def _link(hr: Browser) -> str:
    found = re.search(rf"<code>http://[^/]+(/i/{CODE}/sandi/[^<]+)</code>", hr.html)
    assert found is not None, hr.text
    return found[1]


def test_hr_neither_makes_nor_enters_accounts_that_see_everybody(bureau: Bureau) -> None:
    hr = bureau.sign_in("hadi")
    before = bureau.agency.ask("system", "portal", "GET", "/accounts").json()
    for who in ("audi", "hadi"):
        page = f"kepegawaian/{bureau.agency.people[who]}"
        assert "hanya pengelola sistem yang mengurusnya" in hr.get(page).text
        for what in ("make", "link", "roles", "sign-out", "lock"):
            hr.get("kepegawaian").post(page, 403, do=what, leader="1")
    eko = f"kepegawaian/{bureau.agency.people['eko']}"
    hr.get(eko).post(do="roles", roles="hr", leader="")
    hr.get(eko).post(status=404, do="hr")
    assert bureau.agency.ask("system", "portal", "GET", "/accounts").json() == before
