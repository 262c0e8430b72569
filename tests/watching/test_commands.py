"""`kinerja status` and `kinerja top` of the running system."""

import json
from typing import Any

from deploy.services import service_names
from tests.e2e.town import until
from tests.watching.day import CODE, Day


def test_the_status_of_a_healthy_system_names_every_service_and_ends_with_0(day: Day) -> None:
    told = json.loads(day.town.kinerja("status", "--json"))
    assert set(told["services"]) == set(service_names())
    assert all(state["ready"] for state in told["services"].values())
    table = day.town.kinerja("status")
    assert all(name in table for name in service_names())
    assert "All is well." in table


def test_the_top_tells_what_each_service_and_each_agency_does(day: Day) -> None:
    def told_now() -> Any:
        return json.loads(day.town.kinerja("top", "--once", "--json", "--every", "0.5"))

    # Each worker looks every few seconds how far behind it is: the last look may be of a moment before all was handled.
    until(lambda: not any(state["lag"] for state in told_now()["services"].values()))
    told = told_now()
    assert set(told["services"]) == set(service_names())
    for state in told["services"].values():
        assert (state["outbox_rows"], state["lag"], state["dead_letters"], state["processes"]) == (0, 0, 0, 1)
        assert state["memory_bytes"] > 10_000_000
    # Both entries were made today, whatever day they are about; the second was verified, the first nobody looked at.
    assert told["instansi"][CODE]["entries_today"] == 2
    assert told["instansi"][CODE]["waiting_verification"] == 1
    assert "outbox" not in told["instansi"][CODE]
    table = day.town.kinerja("top", "--once", "--every", "0.5")
    assert CODE in table
    assert "to verify" in table


def test_figures_of_agencies_are_for_a_system_of_all_of_them(day: Day) -> None:
    url = f"{day.town.urls['activity']}/operations/instansi"
    assert day.town.http.get(url).status_code == 401
    for token in (day.town.token(CODE, "system"), day.agency.token("kepala")):
        answer = day.town.http.get(url, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "role-required")
    token = day.town.token("*", "system")
    answer = day.town.http.get(url, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["service"] == "activity"
    assert set(answer.json()["instansi"][CODE]) <= {"entries_today", "entries_minute", "waiting_verification"}
