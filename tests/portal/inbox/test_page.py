"""Notices are read where everybody reads them, and marked as read."""

from tests.e2e.town import entry, until
from tests.portal.conftest import Office


def test_a_returned_entry_is_told_and_marked_as_read(office: Office) -> None:
    item = entry(office.agency.today, "1", description="Salah hitung")
    office.agency.do("ani", "activity", "POST", "/entries/batch", {"items": [item]})
    office.agency.do(
        "camat", "activity", "POST", f"/entries/{item['id']}/return", {"version": 1, "text": "Mohon dihitung ulang"}
    )
    browser = office.sign_in("ani")
    until(lambda: "belum dibaca" in browser.get("kotak-masuk").text)
    assert "dikembalikan" in browser.text.lower()
    # What other tests tell her may come meanwhile.
    until(lambda: "belum dibaca" not in browser.get("kotak-masuk").post(which="all").text)
    assert browser.page == "kotak-masuk"
