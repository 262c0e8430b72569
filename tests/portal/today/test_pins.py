"""What is pinned comes first, and the portal keeps its ids only."""

from datetime import timedelta
from typing import Any

from shared.ids import fresh_id
from tests.e2e.town import entry
from tests.portal.conftest import Browser, Office


def _logged(office: Office, who: str, *words: str, days_ago: int = 0) -> list[str]:
    day = office.agency.today - timedelta(days=days_ago)
    made = [entry(day, "1", description=each) for each in words]
    office.agency.do(who, "activity", "POST", "/entries/batch", {"items": made})
    return [str(each["id"]) for each in made]


def _rows(office: Office) -> list[Any]:
    sql = "SELECT * FROM pin WHERE instansi = $1 AND employee = $2 ORDER BY pinned_at"
    return office.town.sql("portal", sql, office.agency.code, office.agency.people["hana"])


def _again(browser: Browser) -> str:
    return browser.get("hari-ini").text.split("Kerjakan lagi")[1].split("Atur yang disematkan")[0]


def test_pins_come_first_are_read_from_activity_and_are_unpinned(office: Office) -> None:
    [old] = _logged(office, "hana", "Memeriksa laporan keuangan", days_ago=16)
    recent = [_logged(office, "hana", f"Rapat {number}", days_ago=2 - number)[0] for number in range(3)]
    browser = office.sign_in("hana")
    assert _again(browser) == " Rapat 2 Rapat 1 Rapat 0 "
    for _ in range(2):  # sent twice it is pinned once
        browser.get(f"catatan/{old}").post("hari-ini/sematan", sematkan=old)
        assert "Disematkan: tampil lebih dahulu di Hari ini." in browser.text
    browser.post("hari-ini/sematan", sematkan=recent[1])
    assert _again(browser) == " ★ Memeriksa laporan keuangan ★ Rapat 1 Rapat 2 Rapat 0 "
    # Ids and a moment: nothing that was written.
    assert [{type(value).__name__ for value in row} for row in _rows(office)] == [{"str", "UUID", "datetime"}] * 2
    assert not any("Memeriksa" in str(row) or "Rapat" in str(row) for row in _rows(office))
    # What a pin fills in is what activity says now.
    changed = {"day": str(office.agency.today), "quantity": "4", "description": "Rapat komite", "version": 1}
    office.agency.do("hana", "activity", "POST", f"/entries/{recent[1]}/amend", changed)
    assert "★ Rapat komite" in _again(browser)
    browser.get("hari-ini", lagi=recent[1])
    assert ">Rapat komite</textarea>" in browser.html
    browser.post("hari-ini/sematan", lepas=old)
    assert "Sematan dilepas." in browser.text
    assert "Memeriksa" not in _again(browser)
    more = _logged(office, "hana", *(f"Audiensi {number}" for number in range(8)))
    for number, each in enumerate(more, 2):
        browser.post("hari-ini/sematan", status=409 if number > 8 else 200, sematkan=each)
    assert "Paling banyak 8 catatan dapat disematkan: lepas satu dahulu." in browser.text
    assert len(_rows(office)) == 8


def test_only_entries_of_ones_own_are_pinned_and_shown(office: Office) -> None:
    [theirs] = _logged(office, "ani", "Urusan Ani sendiri")
    browser = office.sign_in("hana").get("hari-ini")  # hr, who may read everybody's entries
    assert "Urusan Ani sendiri" not in browser.text
    browser.post("hari-ini/sematan", 422, sematkan=theirs)
    assert "Sematkan catatan Anda sendiri." in browser.text
    browser.get("hari-ini").post("hari-ini/sematan", 404, sematkan=str(fresh_id()))
    browser.get("hari-ini").post("hari-ini/sematan", 422, sematkan="sembarang")
    assert theirs not in browser.get("hari-ini").html
