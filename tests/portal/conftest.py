"""The portal over the running system, and browsers of the people of one office."""

import re
from collections.abc import Iterator
from functools import partial
from html import unescape
from typing import Any

import httpx
import pytest

from shared.ids import fresh_id
from shared.testing.system import EmbeddedSystem
from tests.e2e.town import Agency, Town, until

PASSWORD = "tiga kata mudah"
CODE, SUPERIOR, INDICATOR = "kota-wajah", "camat", "Pemeriksaan kesehatan"
PEOPLE = {
    "camat": ("Siti Rahmawati", "197801152003121001", "CAMAT", None),
    "budi": ("Budi Santoso", "199005202015032002", "PENYULUH", "camat"),
    "ani": ("Ani Lestari", "199106212016032003", "PENYULUH", "camat"),
    "hana": ("Hana Tampubolon", "198007072005072007", "ANALIS", "camat"),
    "audi": ("Audi Panggabean", "197908082003082008", "AUDITOR", "camat"),
}


class Browser:
    """A browser without scripts, on the pages of one instansi: it keeps cookies and sends forms as they stand."""

    def __init__(self, url: str, code: str) -> None:
        self.code = code
        self.http = httpx.Client(base_url=url, follow_redirects=True, trust_env=False, timeout=30)
        self.answer: httpx.Response | None = None

    @property
    def html(self) -> str:
        """The page that is shown."""
        assert self.answer is not None
        return self.answer.text

    @property
    def text(self) -> str:
        """What there is to read on the page, in one line."""
        shown = re.sub(r"<[^>]+>", " ", re.sub(r"<(title|script).*?</\1>", " ", self.html, flags=re.S))
        return " ".join(unescape(shown).split())

    @property
    def page(self) -> str:
        """The address of the page within its instansi."""
        assert self.answer is not None
        return self.answer.url.path.removeprefix(f"/i/{self.code}/")

    def get(self, page: str = "", status: int = 200, **query: Any) -> "Browser":
        """Open a page; it must answer so."""
        self.answer = self.http.get(page if page.startswith("/") else f"/i/{self.code}/{page}", params=query or None)
        assert self.answer.status_code == status, (self.answer.status_code, self.text)
        return self

    def post(self, page: str | None = None, status: int = 200, **fields: Any) -> "Browser":
        """Send a form of the page that is shown, to itself unless named, with its hidden fields."""
        hidden = {name: unescape(value) for name, value in _HIDDEN.findall(self.html)}
        target = f"/i/{self.code}/{self.page if page is None else page}"
        self.answer = self.http.post(target if page is None or not page.startswith("/") else page, data=hidden | fields)
        assert self.answer.status_code == status, (self.answer.status_code, self.text)
        return self


_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Office:
    """An agency with accounts, and its people's browsers."""

    def __init__(self, town: Town) -> None:
        self.agency, self.town, self.url = Agency(town, CODE), town, town.urls["portal"]
        self.agency.roles |= {"hana": ("staff", "hr"), "audi": ("auditor",)}
        self._browsers: dict[str, Browser] = {}

    def found(self) -> None:
        """Its people, and a plan for Budi."""
        roster: dict[str, dict[str, Any]] = {}
        for who, (name, nip, post, superior) in PEOPLE.items():
            above = PEOPLE[superior][1] if superior else None
            place: dict[str, Any] = {
                "unit_code": "KEC",
                "unit_name": "Kecamatan",
                "unit_head": True if superior is None else None,
            }
            seat = {"position_code": post, "position_title": post, "position_kind": "JF", "position_level": "Ahli Muda"}
            roster[who] = {"name": name, "nip": nip, "superior_nip": above} | place | seat
        self.agency.found({"name": "Kota Wajah"}, roster)
        measured: dict[str, Any] = {
            "title": INDICATOR,
            "aspect": "kuantitas",
            "direction": "higher",
            "measure": "quantity",
        }
        measured |= {"unit_label": "orang", "target": {"kind": "number", "value": "20"}}
        source = {"source": {"system": "e-kinerja", "file_hash": "a" * 64}}
        items = []
        for year in sorted({self.agency.today.year, self.agency.last_month.year}):  # an indicator belongs to one year
            result = {"id": str(fresh_id()), "title": "Warga sehat", "indicators": [measured | {"id": str(fresh_id())}]}
            items.append({"employee": self.agency.people["budi"], "year": year, "results": [result]} | source)
        body = {"items": items}
        until(lambda: "code" not in self.agency.ask("hana", "appraisal", "POST", "/imports/plans", body).text)
        for who in PEOPLE:
            until(partial(self._heard, who))

    def _heard(self, who: str) -> bool:
        return self.agency.ask(who, "activity", "GET", "/verification-queue").is_success

    def invite(self, who: str) -> str:
        """An account for one of its people, and the address where the password is set."""
        roles = [role for role in self.agency.roles.get(who, ()) if role != "staff"]
        body = {"nip": PEOPLE[who][1], "roles": roles}
        account = self.agency.do("system", "portal", "POST", "/accounts", body)
        return str(self.agency.do("system", "portal", "POST", f"/accounts/{account['employee']}/link", {})["path"])

    def browser(self) -> Browser:
        """Somebody's who has not signed in."""
        return Browser(self.url, CODE)

    def sign_in(self, who: str) -> Browser:
        """The browser of one of its people, signed in, the same for all tests."""
        if who not in self._browsers:
            browser = self.browser()
            browser.get(self.invite(who)).post(password=PASSWORD, again=PASSWORD)
            browser.post(nip=PEOPLE[who][1], password=PASSWORD)
            self._browsers[who] = browser
        return self._browsers[who]


@pytest.fixture(scope="session")
def town(running_system: EmbeddedSystem) -> Iterator[Town]:
    """The system as its users meet it."""
    visited = Town(running_system)
    yield visited
    visited.leave()


@pytest.fixture(scope="session")
def office(town: Town) -> Office:
    """One agency for all tests of this folder; each logs work of days or people of its own."""
    made = Office(town)
    made.found()
    return made
