"""A country in the whole running system, entered through its public interfaces so that every service hears of it."""

import asyncio
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import asyncpg
import httpx
import orjson

from bench.traffic import Answer, Connection, request
from cli.demo.client import Voice
from cli.system import System, database_url, find
from shared.calendar import Period, PeriodKind, local_date
from shared.ids import derived_id, fresh_id
from shared.testing.system import EmbeddedSystem
from shared.web.development import development_token

ZONE = "Asia/Jakarta"
_LIFE = timedelta(hours=12)
_SOURCE = {"system": "bench", "file_hash": hashlib.sha256(b"bench").hexdigest()}
_BUSY = 503


class Refused(Exception):
    """A service answered otherwise than with success; the text is its own."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who logs: id, indicators of the agreed plan, token."""

    instansi: str
    id: str
    indicators: tuple[str, ...]
    token: str


@dataclass(frozen=True, slots=True)
class Team:
    """A superior and those whose work they verify."""

    superior: Person
    staff: Sequence[Person]


class Pool:
    """A few connections to one service. A full service (503) is asked again, as its clients would; `refusals` counts."""

    def __init__(self, url: str, size: int = 24) -> None:
        self._port, self.refusals = int(url.rsplit(":", 1)[1]), 0
        self._free: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(None)

    async def ask(self, method: str, person: Person, path: str, body: Any = None) -> Any:
        """The JSON that `person` is answered; Refused."""
        raw = request(method, f"/api/v1/{person.instansi}{path}", person.token, body)
        while True:
            status, answer = await self._send(raw)
            if status < 300:
                return orjson.loads(answer)
            if status != _BUSY:
                raise Refused(f"{method} {path}: {status} {answer.decode()[:500]}")
            self.refusals += 1
            await asyncio.sleep(0.2)

    async def _send(self, raw: bytes) -> Answer:
        """The answer; a server hangs up on whoever was quiet for some seconds, so once more over a new connection."""
        connection, sound = await self._free.get(), None
        try:
            if connection is not None:
                with suppress(ConnectionError):
                    answer = await connection.send(raw)
                    sound = connection
                    return answer
            connection = await Connection.open(self._port)
            answer = await connection.send(raw)
            sound = connection
            return answer
        finally:
            # One that was given up in the middle would get the answer to another question.
            if connection is not None and sound is None:
                connection.close()
            self._free.put_nowait(sound)

    def close(self) -> None:
        """Hang up."""
        while not self._free.empty():
            if (connection := self._free.get_nowait()) is not None:
                connection.close()


class Country:
    """The running system with its people; `teams` stand in turn, one of each agency after the other."""

    def __init__(self, embedded: EmbeddedSystem) -> None:
        self.embedded = embedded
        self.system: System = find(embedded.data)
        self.today: date = local_date(datetime.now(UTC), ZONE)
        self.period = str(Period.of(self.today, PeriodKind.MONTH))
        self.teams: list[Team] = []
        self.instansi: list[str] = []
        self._pools = {name: Pool(url) for name, url in self.system.services.items()}
        self._http = httpx.AsyncClient(timeout=120, trust_env=False)
        self._key = embedded.data.signing_key.read_bytes()

    @classmethod
    async def start(cls, folder: Path) -> Self:
        """A system of its own in a new folder, with nobody in it yet."""
        embedded = EmbeddedSystem(folder)
        await asyncio.to_thread(embedded.up)
        return cls(embedded)

    async def close(self) -> None:
        """Hang up; the system goes on."""
        for pool in self._pools.values():
            pool.close()
        await self._http.aclose()

    async def stop(self) -> None:
        """Everything ends."""
        await self.close()
        await asyncio.to_thread(self.embedded.down)

    async def ask(self, service: str, method: str, person: Person, path: str, body: Any = None) -> Any:
        """What a service answers to somebody. Refused."""
        return await self._pools[service].ask(method, person, path, body)

    async def settle(self, agencies: int, teams: int, staff: int, prefix: str = "daerah") -> None:
        """Add so many agencies with so many teams each, everybody with an agreed plan, and wait until all have heard."""
        named = [f"{prefix}-{number}" for number in range(1, agencies + 1)]
        found = await asyncio.gather(*(self._agency(name, teams, staff) for name in named))
        self.instansi += named
        self.teams += [team for turn in zip(*found, strict=True) for team in turn]
        await self.drained(120)

    async def _agency(self, instansi: str, teams: int, staff: int) -> list[Team]:
        voice = Voice(self.system, self._http, instansi, asyncio.Semaphore(4))
        first = date(self.today.year, 1, 1)
        body = {"name": f"Pemerintah {instansi}", "zone": ZONE, "first_day": str(first)}
        await voice.call("PUT", "directory", "/instansi", body, role="system")
        keys = [(team, member) for team in range(teams) for member in range(staff + 1)]
        rows = [_row(team, member, str(first)) for team, member in keys]
        answers = await voice.batch("directory", "/roster/batch", rows, role="system")
        ids = {key: answer["id"] for key, answer in zip(keys, answers, strict=True)}
        plans = [self._plan(instansi, ids[key]) for key in keys if key[1]]
        await voice.batch("appraisal", "/imports/plans", plans, role="system")
        indicators = {p["employee"]: tuple(i["id"] for i in p["results"][0]["indicators"]) for p in plans}
        people = {key: self._person(instansi, ids[key], indicators.get(ids[key], ())) for key in keys}
        return [Team(people[team, 0], [people[team, n] for n in range(1, staff + 1)]) for team in range(teams)]

    def _person(self, instansi: str, id_: str, indicators: tuple[str, ...]) -> Person:
        token = development_token(self._key, instansi=instansi, roles=["staff"], employee=UUID(id_), lifetime=_LIFE)
        return Person(instansi, id_, indicators, token)

    def _plan(self, instansi: str, employee: str) -> dict[str, Any]:
        made = itertools.count()
        first = datetime(self.today.year, 1, 1, tzinfo=UTC)

        def id_() -> str:
            return str(derived_id(first, "bench", instansi, employee, str(next(made))))

        shared = {"target": {"kind": "number", "value": "100"}, "direction": "higher", "measure": "quantity"}
        indicators = [
            {"id": id_(), "title": title, "aspect": "kuantitas", "unit_label": "berkas", **shared}
            for title in ("Jumlah berkas diperiksa", "Jumlah warga dilayani")
        ]
        result = {"id": id_(), "title": "Pelayanan kepada warga selesai", "indicators": indicators}
        return {"employee": employee, "year": self.today.year, "source": _SOURCE, "results": [result]}

    def entries(self, person: Person, count: int) -> list[dict[str, Any]]:
        """New entries of today, each of quantity 1, in words of an ordinary length."""
        return [
            {
                "id": str(fresh_id()),
                "day": str(self.today),
                "indicator": person.indicators[n % len(person.indicators)],
                "quantity": "1",
                "minutes": 30,
                "description": "Pemeriksaan berkas permohonan izin, verifikasi kelengkapan, pembaruan register",
            }
            for n in range(count)
        ]

    async def log(self, person: Person, count: int) -> list[str]:
        """Log entries of somebody in one batch; their ids, all accepted. Refused otherwise."""
        items = self.entries(person, count)
        told = await self.ask("activity", "POST", person, "/entries/batch", {"items": items})
        return _accepted(told, "version", 1)

    async def verify(self, superior: Person, entries: Sequence[str]) -> None:
        """Verify logged entries in one batch. Refused."""
        items = [{"entry": entry, "version": 1} for entry in entries]
        told = await self.ask("activity", "POST", superior, "/verifications", {"items": items})
        _accepted(told, "version", 2)

    async def ask_sql(self, service: str, sql: str, *parameters: Any) -> tuple[Any, ...]:
        """One row of a service's database, read in the role of its worker."""
        url = database_url(self.embedded.data, service, "worker").replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            return tuple(await connection.fetchrow(sql, *parameters) or ())
        finally:
            await connection.close()

    async def statuses(self) -> Mapping[str, Mapping[str, Any]]:
        """What each service says of itself, as `kinerja status` asks it."""
        answers = await asyncio.gather(*(self._http.get(f"{url}/status") for url in self.system.services.values()))
        return {name: answer.json() for name, answer in zip(self.system.services, answers, strict=True)}

    async def backlog(self) -> int:
        """What is under way between the services."""
        states = (await self.statuses()).values()
        return sum(state["outbox_rows"] + sum(state["lag"].values()) for state in states)

    async def drained(self, seconds: float) -> float:
        """Wait until nothing is under way, twice in a row; how long that took. Refused after `seconds`."""
        loop = asyncio.get_running_loop()
        started, empty = loop.time(), 0
        while empty < 2:
            if loop.time() - started > seconds:
                raise Refused(f"{await self.backlog()} messages are still under way after {seconds:.0f} seconds")
            empty = 0 if await self.backlog() else empty + 1
            await asyncio.sleep(2 if empty else 0.5)  # a service counts what it has not heard every other second
        return loop.time() - started


def _row(team: int, member: int, first: str) -> dict[str, Any]:
    key = f"{team}.{member}"
    row = {"outside": {"bench": key}, "name": f"Pegawai {key}", "kind": "PNS", "email": f"{key}@bench.example"}
    place = {"unit_code": "dinas", "unit_name": "Dinas", "position_kind": "JA", "valid_from": first}
    if member == 0:
        title = {"position_code": f"kabid-{team}", "position_title": "Kepala Bidang", "position_level": "Administrator"}
        return row | place | title | {"superior_outside": None}
    title = {"position_code": "pelaksana", "position_title": "Pelaksana", "position_level": "Pelaksana"}
    return row | place | title | {"superior_outside": {"system": "bench", "id": f"{team}.0"}}


def _accepted(told: Mapping[str, Any], field: str, wanted: int) -> list[str]:
    for result in told["results"]:
        if result.get(field) != wanted:
            raise Refused(str(result))
    return [result["id"] for result in told["results"]]
