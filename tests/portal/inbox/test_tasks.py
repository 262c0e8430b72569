"""What needs an answer stands in the inbox with its deadline, leads to where it is answered, and is gone afterwards."""

import os
import re
import signal
from datetime import date
from typing import Any

import pytest

from services.portal.inbox.tasks import Deadline, deadline
from shared.calendar import Period
from shared.contracts.directory import Policy
from shared.ids import fresh_id
from shared.people.queries import Rules
from tests.e2e.town import entry, until
from tests.portal.conftest import Office

_POLICY = Policy(
    version=1,
    period_kind="month",
    late_after_working_days=3,
    verification_grace_working_days=3,
    gap_threshold_percent="70",
    score_above_percent="110",
    score_meets_percent="90",
    achievement_cap_percent="120",
    daily_summary_at="07:00",
)
#: Christmas of 2026 is a Friday; the 24th is a day off as well.
_RULES = Rules("kota", "Asia/Jakarta", date(2026, 1, 1), frozenset({date(2026, 12, 24), date(2026, 12, 25)}), _POLICY)


@pytest.mark.parametrize(
    ("today", "sealing", "expected"),
    [
        # Nobody closed November yet, which ends on a Monday: closed on Tuesday the 1st it stays open Wed, Thu, Fri.
        ("2026-11-20", None, Deadline(date(2026, 12, 4), False, 10)),
        # It is over: closed today (Monday the 21st) it stays open Tue, Wed and, after two days off and a weekend, Mon.
        ("2026-12-21", None, Deadline(date(2026, 12, 28), False, 3)),
        # Called: the day that activity said.
        ("2026-12-23", {"status": "closing", "verifiable_until": "2026-12-28"}, Deadline(date(2026, 12, 28), True, 1)),
        ("2026-12-28", {"status": "closing", "verifiable_until": "2026-12-28"}, Deadline(date(2026, 12, 28), True, 0)),
        ("2026-12-29", {"status": "sealed", "verifiable_until": "2026-12-28"}, None),
    ],
)
def test_deadlines_count_the_working_days_of_the_instansi(
    today: str, sealing: dict[str, str] | None, expected: Deadline | None
) -> None:
    assert deadline(_RULES, Period.parse("2026-11"), date.fromisoformat(today), sealing) == expected


def test_a_plan_that_the_superior_proposes_waits_in_the_inbox_until_it_is_answered(office: Office) -> None:
    agency = office.agency
    ani, year = agency.people["ani"], agency.today.year
    measured: dict[str, Any] = {"id": str(fresh_id()), "title": "Kunjungan rumah", "aspect": "kuantitas"}
    measured |= {"direction": "higher", "measure": "quantity", "unit_label": "rumah"}
    measured |= {"target": {"kind": "number", "value": "30"}}
    results = [{"id": str(fresh_id()), "title": "Keluarga terlayani", "indicators": [measured]}]
    agency.do("camat", "appraisal", "PUT", f"/plans/{ani}/{year}", {"results": results})

    browser = office.sign_in("ani").get("kotak-masuk")
    assert f"SKP Anda {year} menunggu persetujuan Anda" in browser.text
    assert f'href="/i/{agency.code}/skp/{ani}/{year}"' in browser.html
    assert "Kunjungan rumah: 30 rumah" in browser.get(f"skp/{ani}/{year}").text
    seen = browser.html
    browser.post(do="return", text="Terlalu banyak untuk wilayah ini")
    assert (browser.page, f"SKP Anda {year}" in browser.text) == ("kotak-masuk", False)

    agency.do("camat", "appraisal", "PUT", f"/plans/{ani}/{year}", {"results": results})
    stale = dict(re.findall(r'name="(csrf|seen)" value="([^"]*)"', seen))
    browser.post(f"skp/{ani}/{year}", status=409, do="agree", **stale)
    assert "Kunjungan rumah: 30 rumah" in browser.text, "what there is now stands below the reason"
    browser.post(do="agree")
    assert "SKP disepakati." in browser.text
    assert "Kunjungan rumah" not in office.sign_in("budi").get(f"skp/{ani}/{year}", 404).text


def test_entries_that_wait_or_came_back_are_counted_by_period_for_whom_they_wait(office: Office) -> None:
    agency = office.agency
    items = [entry(agency.last_month.first_day, "1", description=f"Rapat {n}") for n in range(2)]
    agency.do("hana", "activity", "POST", "/entries/batch", {"items": items})
    path = f"/entries/{items[0]['id']}/return"
    agency.do("camat", "activity", "POST", path, {"version": 1, "text": "Hasilnya apa?"})
    months = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ]
    month = f"{months[agency.last_month.number - 1]} {agency.last_month.year}"

    hana, camat = office.sign_in("hana").get("kotak-masuk"), office.sign_in("camat").get("kotak-masuk")
    assert f"1 catatan Anda dikembalikan untuk diperbaiki ({month}) paling cepat berakhir" in hana.text
    assert "catatan menunggu verifikasi Anda" not in hana.text, "HR decides only where there is no superior"
    queue = agency.do("camat", "activity", "GET", "/verification-queue", params={"limit": 200})["items"]
    waits = sum(
        day["entries"] for person in queue for day in person["days"] if day["day"] <= str(agency.last_month.last_day)
    )
    assert f"{waits} catatan menunggu verifikasi Anda ({month})" in camat.text
    assert re.search(rf"\d+ pegawai belum mendapat rating \({month}\)", camat.text)
    assert f'href="/i/{agency.code}/tim?periode={agency.last_month}"' in camat.html


def test_the_menu_counts_what_is_unread_and_does_without_while_notification_is_away(office: Office) -> None:
    agency = office.agency
    item = entry(agency.today, "1", description="Keliru")
    agency.do("budi", "activity", "POST", "/entries/batch", {"items": [item]})
    agency.do("camat", "activity", "POST", f"/entries/{item['id']}/return", {"version": 1, "text": "Mohon diperiksa"})
    browser = office.sign_in("budi")
    until(lambda: re.search(r"Kotak masuk \d+ belum dibaca", browser.get("kinerja").text))
    process = office.town.system.processes()["notification"]
    os.kill(process["pid"], signal.SIGKILL)
    browser.get("kinerja")
    assert ("belum dibaca" in browser.text, "tidak dapat dihubungi" in browser.text) == (False, False)
    browser.get("kotak-masuk")
    assert "Menunggu jawaban Anda" in browser.text
    until(
        lambda: office.town.system.processes()["notification"]["pid"] != process["pid"] and office.town.system.ready()
    )
