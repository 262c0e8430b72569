"""The tests of HR have an agency of their own: two units, some people, one of them with a name like a formula."""

from functools import partial
from typing import Any

import pytest

from tests.e2e.town import Agency, Town, until
from tests.portal.conftest import PASSWORD, Browser

CODE = "kota-urusan"
FORMULA = '=HYPERLINK("x";"klik")'
#: Name, NIP, unit, position, superior, roles besides staff.
PEOPLE: dict[str, tuple[str, str, str, str, str | None, tuple[str, ...]]] = {
    "kadis": ("Bagus Pranoto", "197801152003121001", "DINAS", "KADIS", None, ("leader",)),
    "kabid": ("Citra Dewanti", "198103102006042002", "BIDANG", "KABID", "kadis", ()),
    "eko": ("Eko Prasetyo", "199005202015031003", "BIDANG", "ANALIS", "kabid", ()),
    "fitri": (FORMULA, "199106212016032004", "BIDANG", "ANALIS", "kabid", ()),
    "gita": ("Gita Savitri", "199207222017032005", "DINAS", "ANALIS", "kadis", ()),
    "hadi": ("Hadi Nugroho", "198007072005071006", "DINAS", "ANALIS", "kadis", ("hr",)),
    "audi": ("Audi Siregar", "197908082003082007", "DINAS", "AUDITOR", "kadis", ("auditor",)),
}


class Bureau:
    """The agency and its people's browsers."""

    def __init__(self, town: Town) -> None:
        self.agency, self.town = Agency(town, CODE), town
        self._browsers: dict[str, Browser] = {}

    def found(self) -> None:
        """Its people, as every service knows them."""
        roster = {}
        for who, (name, nip, unit, post, superior, roles) in PEOPLE.items():
            row: dict[str, Any] = {"name": name, "nip": nip, "unit_code": unit, "unit_name": unit.title()}
            row |= {"position_code": post, "position_title": post, "position_kind": "JF", "position_level": "Ahli Muda"}
            row |= {"superior_nip": PEOPLE[superior][1] if superior else None}
            row |= {"unit_head": True if post in ("KADIS", "KABID") else None}
            roster[who] = row | ({"unit_parent_code": "DINAS"} if unit == "BIDANG" else {})
            self.agency.roles[who] = roles if roles == ("auditor",) else ("staff", *roles)
        self.agency.found({"name": "Kota Urusan"}, roster)
        for who in PEOPLE:
            until(partial(self._heard, who))

    def _heard(self, who: str) -> bool:
        asked = {"nip": PEOPLE[who][1], "roles": list(PEOPLE[who][5])}
        return (
            self.agency.ask(who, "activity", "GET", "/verification-queue").is_success
            and self.agency.ask(who, "appraisal", "GET", "/plans").is_success
            and self.agency.ask("system", "portal", "POST", "/accounts", asked).is_success
        )

    def sign_in(self, who: str) -> Browser:
        """The browser of one of its people, the same for all tests."""
        if who not in self._browsers:
            link = self.agency.do("system", "portal", "POST", f"/accounts/{self.agency.people[who]}/link", {})["path"]
            browser = self.browser().get(str(link)).post(password=PASSWORD, again=PASSWORD)
            self._browsers[who] = browser.post(nip=PEOPLE[who][1], password=PASSWORD)
        return self._browsers[who]

    def browser(self) -> Browser:
        """Somebody's who has not signed in."""
        return Browser(self.town.urls["portal"], CODE)


@pytest.fixture(scope="session")
def bureau(town: Town) -> Bureau:
    """The agency, the same for all tests of this folder."""
    made = Bureau(town)
    made.found()
    return made
