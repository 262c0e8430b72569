"""People's stories from sign-in to effect, in a real browser over the real chain."""

from playwright.sync_api import expect

from tests.browser.conftest import Session, password_of, slowly
from tests.portal.conftest import INDICATOR, Office


def test_work_is_logged_with_the_keyboard_alone(signed_in: Session, office: Office) -> None:
    office.sign_in("budi")
    page = signed_in(None)
    page.goto("masuk")
    nip, password = password_of("budi")
    page.get_by_label("NIP").focus()
    page.keyboard.type(nip)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/hari-ini")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Langsung ke isi")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "description":
            break
    page.keyboard.type("Kerja dengan papan ketik")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Catatan tersimpan.")
    expect(page.get_by_role("main")).to_contain_text("Kerja dengan papan ketik")


def test_the_day_of_staff_on_an_old_phone(signed_in: Session) -> None:
    page = signed_in("budi")
    page.goto("hari-ini")
    with slowly(page):
        page.get_by_label("Apa yang Anda kerjakan?").fill("Penyuluhan di pasar")
        page.get_by_label("Untuk indikator (IKI)").select_option(label=INDICATOR)
        page.get_by_label("Jumlah").fill("2")
        page.get_by_role("button", name="Simpan catatan").click()
        expect(page.get_by_role("status").first).to_contain_text("Catatan tersimpan.")
    page.get_by_role("link", name="Kinerja saya").click()
    expect(page.get_by_role("heading", name=INDICATOR)).to_be_visible()
