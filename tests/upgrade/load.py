"""The load: of every service a command again and again, each sent at most twice, and remembered when it was accepted."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx

from chaos.journal import Journal, Office
from chaos.load import COMPETENCY, open_office
from shared.ids import fresh_id
from tests.upgrade.fleet import Fleet, Proxy

OFFICERS = 4
#: Competencies, so many that hardly any record is met twice.
CODES = 300
_PAUSE = 0.25


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a person of the office; sent again it is the same."""

    who: str
    roles: str
    method: str
    path: str
    body: Any


Make = Callable[[Office, int], Asked]


def _officer(office: Office, n: int) -> str:
    return sorted(office.aims)[n % len(office.aims)]


def _entry(office: Office, n: int) -> Asked:
    who = _officer(office, n)
    item = {"day": f"{office.period}-01", "quantity": "1.5", "indicator": office.aims[who].indicator}
    return Asked(who, "staff", "POST", "/entries/batch", {"items": [item | {"id": str(fresh_id())}]})


def _plan(office: Office, n: int) -> Asked:
    indicator = {
        "id": str(fresh_id()),
        "title": "Layanan",
        "aspect": "kuantitas",
        "direction": "higher",
        "measure": "count",
        "unit_label": "layanan",
        "target": {"kind": "number", "value": "9"},
        "competency": COMPETENCY,
    }
    plan = {
        "employee": _officer(office, n),
        "year": 2100 + n // OFFICERS % 800,
        "source": {"system": "e-kinerja", "file_hash": "b" * 64},
        "results": [{"id": str(fresh_id()), "title": "Layanan", "indicators": [indicator]}],
    }
    return Asked(office.hr, "staff hr", "POST", "/imports/plans", {"items": [plan]})


def _level(office: Office, n: int) -> Asked:
    path = f"/competencies/{_officer(office, n)}/k{n // OFFICERS % CODES}/confirm"
    level = {"level": 1 + n // OFFICERS // CODES % 5, "reason": "Pendampingan"}
    return Asked(office.superior, "staff", "POST", path, level)


def _person(office: Office, n: int) -> Asked:
    row = {
        "nip": f"19900101{2015 + n // 800}011{101 + n % 800:03d}",
        "name": f"Pegawai Baru {n}",
        "kind": "PNS",
        "valid_from": f"{office.period}-01",
        "unit_code": "A",
        "unit_name": "A",
        "position_code": "STAF",
        "position_kind": "JA",
        "position_level": "Pelaksana",
        "position_title": "STAF",
        "superior_nip": "198001012005011001",
    }
    return Asked("", "system", "POST", "/roster/batch", {"items": [row]})


def _preference(office: Office, n: int) -> Asked:
    language = "en" if n % 2 else "id"
    return Asked(_officer(office, n), "staff", "PUT", "/preferences", {"language": language, "mail": n % 3 == 0})


#: A command of each service. A service without one is looked at only: its routes, as a caller.
MAKE: Mapping[str, Make] = {
    "activity": _entry,
    "appraisal": _plan,
    "training": _level,
    "directory": _person,
    "notification": _preference,
}


@dataclass
class Load:
    """Runs until `stop`; `failed` holds what was refused or broke twice."""

    fleet: Fleet
    office: Office = field(default_factory=lambda: Office("", ""))
    accepted: dict[str, list[tuple[Asked, Any]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    again: int = 0
    paused: set[str] = field(default_factory=set)
    stopping: bool = False
    _loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """In a thread of its own."""
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            runner.run(self._run())

    async def _run(self) -> None:
        proxy = Proxy(self.fleet)
        async with asyncio.TaskGroup() as group:
            while not self.stopping:
                for service in set(self.fleet.replicas) - set(self.accepted) - self.paused:
                    self.accepted[service] = []
                    group.create_task(self._commands(proxy, service))
                await asyncio.sleep(0.1)
        await proxy.close()

    async def _commands(self, proxy: Proxy, service: str) -> None:
        n = 0
        while not self.stopping:
            if service not in self.paused:
                asked = MAKE[service](self.office, n) if service in MAKE else None
                answer = await self.send(proxy, service, asked)
                if answer is not None and asked is not None:
                    self.accepted[service].append((asked, answer))
                n += 1
            await asyncio.sleep(_PAUSE)

    async def send(self, proxy: Proxy, service: str, asked: Asked | None) -> Any:
        """The answer to it; None and a line in `failed` when it was not accepted."""
        told = await self.tried(proxy, service, asked)
        if not isinstance(told, str):
            return told
        self.failed.append(told)
        return None

    async def tried(self, proxy: Proxy, service: str, asked: Asked | None) -> Any:
        """Send it, and once more if that is not accepted; the answer, or what was wrong with the second try."""
        told = ""
        for attempt in (1, 2):
            try:
                answer = await self.once(proxy, service, asked)
                if answer.is_success and b'"code"' not in answer.content:
                    return answer.json()
                told = f"{answer.status_code} {answer.text[:300]}"
            except httpx.HTTPError as error:
                told = repr(error)
            self.again += attempt == 1
            await asyncio.sleep(0.3)
        return f"{service} {asked.path if asked else ''}: {told}"

    async def once(self, proxy: Proxy, service: str, asked: Asked | None) -> httpx.Response:
        """Send it once."""
        if asked is None:
            return await proxy.request(service, "GET", "/healthz")
        person = {"employee": UUID(asked.who)} if asked.who else {}
        token = self.fleet.token(self.office.code, *asked.roles.split(), **person)
        headers = {"Authorization": f"Bearer {token}"}
        path = f"/api/v1/{self.office.code}{asked.path}"
        content = {} if asked.body is None else {"json": asked.body}
        return await proxy.request(service, asked.method, path, headers=headers, **content)


async def open_up(fleet: Fleet) -> Office:
    """Found the office of the load."""
    urls = {service: replicas[0].url for service, replicas in fleet.replicas.items()}
    system: Any = SimpleNamespace(data=SimpleNamespace(run=lambda: {"services": urls}), token=fleet.token)
    async with httpx.AsyncClient(trust_env=False) as http:
        work = await open_office(system, Journal(), http, random.Random(7), OFFICERS)
        course = {"title": "Kompetensi", "provider": "BPSDM", "kind": "klasikal", "jp": 16}
        courses = [
            course | {"code": f"K{first}", "competencies": {f"k{n}": 3 for n in range(first, first + 20)}}
            for first in range(0, CODES, 20)
        ]
        await work.client.do(work.office.hr, "staff hr", "training", "POST", "/courses/batch", {"items": courses})
    return work.office
