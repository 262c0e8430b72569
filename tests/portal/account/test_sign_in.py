"""Who gets in, who does not, and what becomes of what was typed when a session ends."""

import httpx
import pytest

from tests.portal.conftest import CODE, PASSWORD, PEOPLE, Browser, Office

NIP = PEOPLE["ani"][1]


def test_a_link_sets_a_password_once_and_the_password_lets_in(office: Office) -> None:
    browser, link = office.browser(), office.invite("ani")
    browser.get(link).post(password=PASSWORD, again=PASSWORD)
    assert browser.page == "masuk"
    browser.post(nip=f"{NIP[:8]} {NIP[8:14]} {NIP[14]} {NIP[15:]}", password=PASSWORD)
    assert browser.page == "hari-ini"
    assert "Tautan tidak berlaku lagi" in office.browser().get(link, 410).text


@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("pendek", "pendek"),
        ("tiga kata mudah", "tiga kata susah"),
        ("1234567890123", "1234567890123"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa"),
    ],
)
def test_a_weak_or_mistyped_password_is_refused_and_the_link_still_works(
    office: Office, password: str, again: str
) -> None:
    browser = office.browser().get(office.invite("audi"))
    browser.post(status=422, password=password, again=again)
    assert "Belum tersimpan" in browser.text
    browser.post(password="empat kata cukup mudah", again="empat kata cukup mudah")


def test_a_wrong_password_and_an_unknown_nip_are_refused_alike(office: Office) -> None:
    office.sign_in("budi")
    texts = []
    for nip in (PEOPLE["budi"][1], "199912312025011999", "bukan nip"):
        browser = office.browser().get("masuk")
        texts.append(browser.post(status=401, nip=nip, password="kata sandi salah").text)
    assert texts[0] == texts[1] == texts[2]


def test_many_wrong_passwords_shut_the_account_for_a_while_and_not_the_session(office: Office) -> None:
    signed = office.sign_in("camat")
    browser = office.browser().get("masuk")
    for _ in range(6):
        browser.post("masuk", status=401, nip=PEOPLE["camat"][1], password="kata sandi salah")
    browser.post("masuk", status=429, nip=PEOPLE["camat"][1], password=PASSWORD)
    assert "Coba lagi" in browser.text
    assert signed.get("hari-ini").page == "hari-ini"


def test_what_was_typed_survives_the_end_of_the_session_and_is_sent_once_after_signing_in(office: Office) -> None:
    office.sign_in("budi")
    browser = office.browser().get("masuk")
    browser.post(nip=PEOPLE["budi"][1], password=PASSWORD)
    other = Browser(office.url, CODE)
    other.http.cookies = httpx.Cookies(browser.http.cookies)
    other.get("hari-ini").post("keluar-semua")  # somewhere else, meanwhile
    office._browsers.pop("budi")
    day = str(office.agency.today)
    browser.post("hari-ini", status=401, day=day, quantity="3", indicator="", minutes="", description="Menulis laporan")
    assert "Sesi Anda sudah berakhir" in browser.text
    browser.post("masuk", nip=PEOPLE["budi"][1], password=PASSWORD)
    assert "Menulis laporan" in browser.text
    browser.post("hari-ini")
    assert "Catatan tersimpan." in browser.text
    assert browser.text.count("Menulis laporan 3 Menunggu verifikasi") == 1


def test_a_form_of_another_site_or_another_session_is_refused(office: Office) -> None:
    browser = office.sign_in("hana").get("hari-ini")
    fields = {"day": str(office.agency.today), "quantity": "1", "id": "0197a000-0000-7000-8000-00000000aaaa"}
    refused = browser.http.post(f"/i/{CODE}/hari-ini", data=fields | {"csrf": "0" * 64})
    assert (refused.status_code, "Buka halamannya lagi" in refused.text) == (403, True)
    for header in ({"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}):
        browser.get("hari-ini")
        hidden = {"csrf": browser.html.split('name="csrf" value="')[1].split('"')[0]}
        assert browser.http.post(f"/i/{CODE}/hari-ini", data=fields | hidden, headers=header).status_code == 403


@pytest.mark.parametrize(
    "target", ["https://example.org/", "//example.org", "/i/lain/hari-ini", "/\\example.org", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site_and_no_other_instansi(office: Office, target: str) -> None:
    office.sign_in("hana")
    browser = office.browser().get("masuk", next=target)
    browser.post(nip=PEOPLE["hana"][1], password=PASSWORD)
    assert browser.answer is not None
    assert (str(browser.answer.url.host), browser.page) == ("127.0.0.1", "hari-ini")


def test_pages_keep_to_themselves(office: Office) -> None:
    browser = office.sign_in("hana").get("hari-ini")
    assert browser.answer is not None
    headers = browser.answer.headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    cookie = next(each for each in browser.http.cookies.jar if each.name == "kinerja")
    assert cookie.has_nonstandard_attr("HttpOnly")


def test_however_often_it_was_tried_the_account_only_pauses(office: Office) -> None:
    office.sign_in("hana")
    hers, free = office.agency.people["hana"], "UPDATE account SET locked_until = NULL WHERE employee = $1"
    office.town.sql("portal", "UPDATE account SET failures = 400 WHERE employee = $1", hers)
    browser = office.browser().get("masuk")
    browser.post("masuk", status=401, nip=PEOPLE["hana"][1], password="kata sandi salah")
    browser.post("masuk", status=429, nip=PEOPLE["hana"][1], password=PASSWORD)
    office.town.sql("portal", free, hers)
    browser.post("masuk", nip=PEOPLE["hana"][1], password=PASSWORD)
    assert browser.page == "hari-ini"
