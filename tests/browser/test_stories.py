"""People's stories from sign-in to effect, in a real browser over the real chain."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, Session, password_of, slowly
from tests.e2e.town import entry, until
from tests.portal.conftest import INDICATOR, Office


def _log(page: Page, description: str, quantity: str = "1") -> None:
    page.goto("hari-ini")
    page.get_by_label("Apa yang Anda kerjakan?").fill(description)
    page.get_by_label("Jumlah").fill(quantity)


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
    expect(page.locator("main [role=status]").first).to_contain_text("Catatan tersimpan.")
    expect(page.get_by_role("main")).to_contain_text("Kerja dengan papan ketik")


def test_the_day_of_staff_on_an_old_phone(signed_in: Session) -> None:
    page = signed_in("budi")
    page.goto("hari-ini")
    with slowly(page):
        page.get_by_label("Apa yang Anda kerjakan?").fill("Penyuluhan di pasar")
        page.get_by_label("Untuk indikator (IKI)").select_option(label=INDICATOR)
        page.get_by_label("Jumlah").fill("2")
        page.get_by_role("button", name="Simpan catatan").click()
        expect(page.locator("main [role=status]").first).to_contain_text("Catatan tersimpan.")
    page.get_by_role("link", name="Kinerja saya").click()
    expect(page.get_by_role("heading", name=INDICATOR)).to_be_visible()


def test_what_staff_log_and_a_superior_verifies_is_in_the_score_which_says_why(
    signed_in: Session, office: Office
) -> None:
    staff, boss, today = signed_in("budi"), signed_in("camat", DESK), office.agency.today
    _log(staff, "Pemeriksaan di posyandu", "4")
    staff.get_by_label("Untuk indikator (IKI)").select_option(label=INDICATOR)
    staff.get_by_role("button", name="Simpan catatan").click()
    expect(staff.locator("main [role=status]").first).to_contain_text("Catatan tersimpan.")
    boss.goto("verifikasi")
    boss.locator(f"a[href$='verifikasi/hari/{today}']").click()
    expect(boss.get_by_label("Pemeriksaan di posyandu")).to_be_checked()
    boss.get_by_role("button", name="Verifikasi semua yang tampak").first.click()
    expect(boss.locator("main [role=status]").first).to_contain_text("Semua yang dipilih terverifikasi.")

    def counted() -> bool:
        staff.goto("kinerja")
        return staff.get_by_text("Mengapa segini?").count() == 1

    until(counted)
    staff.get_by_text("Mengapa segini?").click()
    expect(staff.get_by_text("realisasi / target × 100 %")).to_be_visible()
    expect(staff.get_by_text("PermenPANRB 8/2021").first).to_be_visible()
    staff.get_by_text("Catatan yang dihitung").click()
    staff.get_by_role("link", name="Catatan 1", exact=True).first.click()
    expect(staff.get_by_role("main")).to_contain_text("Terverifikasi")


def test_of_two_windows_the_later_is_told_what_the_earlier_did(signed_in: Session, office: Office) -> None:
    day = office.agency.last_month.last_day
    made = entry(day, "1", description="Surat yang diperebutkan")
    office.agency.do("ani", "activity", "POST", "/entries/batch", {"items": [made]})
    left, right = signed_in("camat"), signed_in("camat", DESK)
    left.goto(f"verifikasi/hari/{day}")
    right.goto(f"verifikasi/catatan/{made['id']}")
    right.get_by_label("Catatan untuk pegawai").fill("Surat yang mana?")
    right.get_by_role("button", name="Kembalikan").click()
    expect(right.locator("main [role=status]").first).to_contain_text("Catatan dikembalikan kepada pegawai.")
    left.get_by_role("button", name="Verifikasi semua yang tampak").first.click()
    expect(left.get_by_role("alert")).to_contain_text("Dikembalikan oleh Anda")
    state = office.agency.do("camat", "activity", "GET", f"/entries/{made['id']}")
    assert [step["what"] for step in state["history"]] == ["logged", "returned"]


def test_what_was_typed_when_the_session_ended_is_sent_once_after_signing_in(
    signed_in: Session, office: Office
) -> None:
    page = signed_in("ani")
    _log(page, "Diketik sebelum sesi berakhir")
    page.context.clear_cookies()
    page.get_by_role("button", name="Simpan catatan").click()
    expect(page.locator("main [role=status]").first).to_contain_text("Yang Anda tulis masih ada")
    nip, password = password_of("ani")
    page.get_by_label("NIP").fill(nip)
    page.get_by_label("Kata sandi").fill(password)
    page.get_by_role("button", name="Masuk", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("Diketik sebelum sesi berakhir")
    page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator("main [role=status]").first).to_contain_text("Catatan tersimpan.")
    items = office.agency.do("ani", "activity", "GET", "/entries?limit=100")["items"]
    assert [each["description"] for each in items].count("Diketik sebelum sesi berakhir") == 1
