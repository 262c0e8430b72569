"""Entries typed without a connection wait on the phone and are recorded once."""

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Session
from tests.portal.conftest import Office

_KEPT = """async () => {
    const address = document.getElementById('waiting').dataset.offline;
    while (!await caches.match(address)) await new Promise(go => setTimeout(go, 50));
    await navigator.serviceWorker.ready;
}"""


def _type(page: Page, description: str) -> None:
    page.get_by_label("Apa yang Anda kerjakan?").fill(description)
    page.get_by_label("Jumlah").fill("1")
    page.get_by_role("button", name="Simpan catatan").click()


def _ready(page: Page) -> None:
    """The page is kept on the device, for times without a connection."""
    page.goto("hari-ini")
    page.evaluate(_KEPT)


def _recorded(office: Office, who: str, beginning: str) -> list[str]:
    items = office.agency.do(who, "activity", "GET", "/entries?limit=100")["items"]
    return sorted(item["description"] for item in items if (item["description"] or "").startswith(beginning))


def test_entries_typed_without_a_connection_are_sent_by_themselves_and_recorded_once(
    signed_in: Session, office: Office
) -> None:
    page = signed_in("ani")
    _ready(page)
    page.context.set_offline(True)
    for name in ("Luring satu", "Luring dua"):
        _type(page, name)
        expect(page.locator("#waiting-list")).to_contain_text(name)
    page.goto("kinerja")  # any page
    expect(page.get_by_role("heading", name="Tanpa sambungan")).to_be_visible()
    _type(page, "Luring tiga")
    expect(page.locator("#waiting-list li")).to_have_count(3)

    taken: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        taken.append(route.request.post_data or "")
        if len(taken) == 1:
            route.fetch()  # the server has it, the phone does not hear of that
            route.abort()
        else:
            route.continue_()

    page.route("**/hari-ini/kirim", lose_the_first_answer)
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Dua minggu terakhir")).to_be_visible(timeout=60_000)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_be_hidden(timeout=60_000)
    assert _recorded(office, "ani", "Luring") == ["Luring dua", "Luring satu", "Luring tiga"]
    assert len(taken) == 4
    assert len({each.split("&id=")[1][:36] for each in taken}) == 3


def test_what_the_service_refuses_is_explained_beside_the_entry_and_nothing_else_waits_for_it(
    signed_in: Session, office: Office
) -> None:
    page = signed_in("ani")
    _ready(page)
    page.context.set_offline(True)
    page.get_by_label("Tanggal").fill("2019-01-02")
    _type(page, "Terlalu lama")
    page.get_by_label("Tanggal").fill(str(office.agency.today))
    _type(page, "Sesudahnya")
    expect(page.locator("#waiting-list li")).to_have_count(2)
    page.context.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting-list li")).to_have_count(1, timeout=60_000)
    expect(page.locator("#waiting-list li")).to_contain_text("Terlalu lama")
    expect(page.locator("#waiting-list small")).not_to_contain_text("menunggu sambungan")
    assert _recorded(office, "ani", "Sesudahnya") == ["Sesudahnya"]
    page.get_by_role("button", name="Hapus").click()
    expect(page.locator("#waiting")).to_be_hidden()


def test_without_scripts_the_form_works_as_well(signed_in: Session, office: Office) -> None:
    page = signed_in("ani", java_script_enabled=False)
    page.goto("hari-ini")
    _type(page, "Tanpa skrip")
    expect(page.locator("main [role=status]").first).to_contain_text("Catatan tersimpan.")
    assert _recorded(office, "ani", "Tanpa skrip") == ["Tanpa skrip"]
