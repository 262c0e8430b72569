"""Two offices of one agency: a head with twenty-five people, another with one, and who acts for the first."""

import os
import signal
from functools import cache, partial
from typing import Any

import httpx
import pytest

from shared.ids import fresh_id
from tests.e2e.town import Agency, Town, entry, until
from tests.portal.conftest import PASSWORD, Browser

CODE, INDICATOR = "kota-lurah", "Penyelesaian surat pengantar warga"
STAFF = [f"staf{number:02}" for number in range(1, 26)]
#: Name, NIP, unit, position, superior.
HEADS = {
    "camat": ("Siti Rahmawati", "197801152003121001", "KEC", "CAMAT", None),
    "lurah": ("Bambang Wijaya", "198003102005011002", "KEL-A", "LURAH-A", "camat"),
    "lain": ("Dewi Anggraini", "198104112006042003", "KEL-B", "LURAH-B", "camat"),
    "dodi": ("Dodi Saputra", "199209092018011004", "KEL-B", "PELAKSANA-B", "lain"),
}


class Village:
    """The agency and its people's browsers."""

    def __init__(self, town: Town) -> None:
        self.agency, self.town = Agency(town, CODE), town
        self._accounts: set[str] = set()

    def found(self) -> None:
        """Its people; plans for two of them; the other head acts for the first (Plh)."""
        people: dict[str, tuple[str, str, str, str, str | None]] = dict(HEADS)
        for number, who in enumerate(STAFF, 1):
            nip = f"199001{number:02}2015031{number:03}"
            people[who] = (f"Pegawai Nomor {number:02}", nip, "KEL-A", "PELAKSANA-A", "lurah")
        self.nips = {who: row[1] for who, row in people.items()}
        roster = {who: self._row(*row) for who, row in people.items()}
        self.agency.found({"name": "Kota Lurah"}, roster)
        acts = self._row(*people["lain"][:2], "KEL-A", "LURAH-A", "camat") | {"assignment_kind": "plh"}
        acts |= {"valid_from": str(self.agency.last_month.first_day), "kind": "PNS"}
        self.agency.do("system", "directory", "POST", "/roster/batch", {"items": [acts]})
        plans = {"items": [self._plan(who, year) for who in STAFF[:2] for year in self._years()]}
        until(lambda: "code" not in self.agency.ask("system", "appraisal", "POST", "/imports/plans", plans).text)
        for who in (*HEADS, *STAFF):
            until(partial(self._heard, who))
        until(lambda: self.agency.ask("staf01", "activity", "PUT", f"/entries/{fresh_id()}", _of(self)).is_success)
        until(lambda: len(self.queue("lurah")) == 1 and len(self.queue("lain")) == 1)  # the reporting lines arrived
        self.settle()

    def settle(self) -> None:
        """Nothing waits for anybody."""
        for person in self.queue("lurah"):
            for on in person["days"]:
                items = [{"entry": each["id"], "version": each["version"]} for each in on["items"]]
                self.agency.do("lurah", "activity", "POST", "/verifications", {"items": items})

    def queue(self, who: str) -> list[dict[str, Any]]:
        """What waits for somebody, with the entries."""
        found: list[dict[str, Any]] = []
        for person in self.agency.do(who, "activity", "GET", "/verification-queue", params={"limit": 200})["items"]:
            asked = {"person": person["employee"]}
            found += self.agency.do(who, "activity", "GET", "/verification-queue", params=asked)["items"]
        return found

    def log(self, who: str, day: object, words: str, quantity: str = "1", **more: Any) -> str:
        """An entry of somebody; its id."""
        made = entry(day, quantity, description=words, **more)
        self.agency.do(who, "activity", "POST", "/entries/batch", {"items": [made]})
        return str(made["id"])

    def state(self, entry: str) -> dict[str, Any]:
        """The entry with its history."""
        found: dict[str, Any] = self.agency.do("lurah", "activity", "GET", f"/entries/{entry}")
        return found

    def kill(self, service: str) -> None:
        """End a service; it is started again within seconds."""
        os.kill(self.town.system.processes()[service]["pid"], signal.SIGKILL)

    def ready(self) -> None:
        """Every service answers."""
        until(lambda: all(map(self._answers, self.town.urls.values())))

    def _answers(self, url: str) -> bool:
        try:
            return self.town.http.get(f"{url}/readyz").is_success
        except httpx.TransportError:
            return False

    def sign_in(self, who: str) -> Browser:
        """A browser of its own, signed in; a second one for the same person is another device."""
        browser = Browser(self.town.urls["portal"], CODE)
        if who not in self._accounts:
            account = self.agency.do("system", "portal", "POST", "/accounts", {"nip": self.nips[who], "roles": []})
            link = self.agency.do("system", "portal", "POST", f"/accounts/{account['employee']}/link", {})["path"]
            browser.get(str(link)).post(password=PASSWORD, again=PASSWORD)
            self._accounts.add(who)
        return browser.get("masuk").post(nip=self.nips[who], password=PASSWORD)

    def _row(self, name: str, nip: str, unit: str, post: str, superior: str | None) -> dict[str, Any]:
        seat = {"position_code": post, "position_title": post, "position_kind": "JF", "position_level": "Ahli Muda"}
        head = True if post.startswith(("CAMAT", "LURAH")) else None
        above = HEADS[superior][1] if superior else None
        place: dict[str, Any] = {"unit_code": unit, "unit_name": unit, "unit_head": head}
        if unit != "KEC":
            place |= {"unit_parent_code": "KEC"}
        return {"name": name, "nip": nip, "superior_nip": above, **place, **seat}

    def result(self, title: str) -> dict[str, Any]:
        """A work result of a plan, with one indicator."""
        measured: dict[str, Any] = {"id": str(fresh_id()), "title": INDICATOR, "aspect": "kuantitas"}
        measured |= {"direction": "higher", "measure": "quantity", "unit_label": "surat"}
        measured |= {"target": {"kind": "number", "value": "20"}}
        return {"id": str(fresh_id()), "title": title, "indicators": [measured]}

    def _plan(self, who: str, year: int) -> dict[str, Any]:
        source = {"system": "e-kinerja", "file_hash": "a" * 64}
        results = [self.result("Warga terlayani")]
        return {"employee": self.agency.people[who], "year": year, "results": results, "source": source}

    def indicator(self, who: str) -> str:
        """The indicator of somebody's plan of this year."""
        plan = self.agency.do(who, "appraisal", "GET", f"/plans/{self.agency.people[who]}/{self.agency.today.year}")
        return str(plan["agreed"][0]["indicators"][0]["id"])

    def _years(self) -> list[int]:
        return sorted({self.agency.today.year, self.agency.last_month.year})

    def _heard(self, who: str) -> bool:
        return self.agency.ask(who, "activity", "GET", "/verification-queue").is_success


def _of(village: Village) -> dict[str, Any]:
    return {"day": str(village.agency.today), "quantity": "1"}


@cache
def _founded(town: Town) -> Village:
    made = Village(town)
    made.found()
    return made


@pytest.fixture(scope="session")
def village(town: Town) -> Village:
    """The agency, the same for every folder of tests that imports this; each logs work of days or people of its own."""
    return _founded(town)
