"""HR sees how far each unit is, down to the people, and takes it along."""

import re

from shared.ids import fresh_id
from tests.e2e.town import entry, until
from tests.portal.conftest import Browser
from tests.portal.hr.conftest import Bureau
from tests.portal.hr.test_roster import sheet


def _rows(browser: Browser) -> dict[str, list[str]]:
    """The rows of the tables of a page: cells by what heads them."""
    found = {}
    for row in re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", browser.html, flags=re.S):
        name, *cells = (" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.split(r"</th>|</td>", row))
        found[name] = [cell for cell in cells if cell]
    return found


def test_units_are_counted_with_those_below_them_down_to_each_person(bureau: Bureau) -> None:
    agency, hr = bureau.agency, bureau.sign_in("hadi")
    measured = {"id": str(fresh_id()), "title": "Laporan", "aspect": "kuantitas", "direction": "higher"}
    measured |= {"measure": "quantity", "unit_label": "laporan"}
    result = {
        "id": str(fresh_id()),
        "title": "Laporan",
        "indicators": [{**measured, "target": {"kind": "number", "value": "9"}}],
    }
    eko = agency.people["eko"]
    agency.do("eko", "appraisal", "PUT", f"/plans/{eko}/{agency.today.year}", {"results": [result]})
    agency.do(
        "gita", "activity", "POST", "/entries/batch", {"items": [entry(agency.today, "1"), entry(agency.today, "2")]}
    )
    # Unit and those below: people, plans not started, proposed, agreed, entries, people without, waiting, rated, not.
    until(lambda: _rows(hr.get("pemantauan")).get("Dinas") == ["7", "6", "1", "0", "2", "6", "2", "0", "7"])
    assert _rows(hr)["Seluruhnya"] == _rows(hr)["Dinas"]
    assert _rows(hr)["Bagus Pranoto"] == ["2", "1"]
    [dinas] = re.findall(r'href="([^"]*unit=[^"]*)">Dinas', hr.html)
    hr.get("pemantauan", **dict(pair.split("=") for pair in dinas.replace("&amp;", "&").lstrip("?").split("&")))
    assert _rows(hr)["Bidang"] == ["3", "2", "1", "0", "0", "3", "0", "0", "3"]
    assert _rows(hr)["Gita Savitri"] == ["Belum dimulai", "2", "2", "Belum"]
    assert "Eko Prasetyo" not in _rows(hr)
    agency.do("kabid", "appraisal", "POST", f"/plans/{eko}/{agency.today.year}/agree", {"revision": 1})
    until(lambda: _rows(hr.get("pemantauan"))["Dinas"][:4] == ["7", "6", "0", "1"])
    hr.get("pemantauan/unduh")
    heading, *rows = [[cell.value for cell in row] for row in sheet(hr)]
    assert heading == ["NIP", "Nama", "Unit", "Atasan", "SKP", "Catatan", "Menunggu verifikasi", "Rating"]
    assert len(rows) == 7
    assert ["199207222017032005", "Gita Savitri", "Dinas", "Bagus Pranoto", "Belum dimulai", 2, 2, "Belum"] in rows
    assert [row[4] for row in rows if row[1] == "Eko Prasetyo"] == ["Disepakati"]
    hr.get("pemantauan", 404, unit=str(fresh_id()))
    hr.get("pemantauan", 404, periode="2999-01")
