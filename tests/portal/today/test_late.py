"""What late means is said before anything is sent."""

from datetime import date

import pytest

from services.directory.contract import NATIONAL_POLICY
from services.portal.today.form import punctual_since
from shared.people.queries import Rules
from tests.portal.conftest import Office


@pytest.mark.parametrize(
    ("working_days", "holidays", "first_day", "since"),
    [
        # Wednesday 11 March 2026; three working days after Friday 6 is Wednesday 11, after Thursday 5 it is Tuesday 10.
        (3, (), date(2026, 1, 1), date(2026, 3, 6)),
        (3, (date(2026, 3, 9),), date(2026, 1, 1), date(2026, 3, 5)),
        (0, (), date(2026, 1, 1), date(2026, 3, 11)),
        (30, (), date(2026, 3, 2), date(2026, 3, 2)),
    ],
)
def test_the_earliest_punctual_day_follows_the_working_days_of_the_instansi(
    working_days: int, holidays: tuple[date, ...], first_day: date, since: date
) -> None:
    policy = NATIONAL_POLICY.model_copy(update={"late_after_working_days": working_days})
    rules = Rules("kota", "Asia/Jakarta", first_day, frozenset(holidays), policy)
    assert punctual_since(rules, date(2026, 3, 11)) == since


def test_the_form_says_what_late_means_and_an_entry_of_an_older_day_is_marked(office: Office) -> None:
    browser = office.sign_in("ani").get("hari-ini")
    assert "tetap dapat dihitung, tetapi ditandai terlambat" in browser.text
    day = str(office.agency.last_month.first_day)
    browser.post(day=day, quantity="1", indicator="", minutes="", description="Baru sempat dicatat")
    answer = office.agency.do("ani", "activity", "GET", "/entries", params={"from": day, "to": day})
    [logged] = answer["items"]
    assert logged["late"] is True
    assert "Terlambat dicatat" in browser.get(f"catatan/{logged['id']}").text
