"""The load: offices that open, log, verify, return, correct, seal and close, one after the other, some at a time."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import httpx

from chaos.client import Client
from chaos.journal import Aim, Entry, Journal, Office
from chaos.system import System
from shared.calendar import Period, PeriodKind
from shared.ids import fresh_id

COMPETENCY = "komunikasi"
_AT_ONCE = 3
_OFFICERS = 8
_ROUNDS = (2, 5)
_BATCH = 12


@dataclass(slots=True)
class Load:
    """Runs until `stop`; then begins nothing new and brings every office to its end."""

    system: System
    journal: Journal
    http: httpx.AsyncClient
    rng: random.Random
    rate: float
    stopping: bool = False
    _next: float = field(default_factory=time.monotonic)

    async def run(self) -> None:
        """Some offices at a time, until stopped and all of them closed their period."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(self._offices())

    def stop(self) -> None:
        """Begin nothing new."""
        self.stopping = True

    async def _offices(self) -> None:
        while not self.stopping:
            work = await open_office(self.system, self.journal, self.http, self.rng, _OFFICERS)
            await work.name_contacts()
            for _ in range(self.rng.randint(*_ROUNDS)):
                if not self.stopping:
                    await self._round(work)
            await work.close()

    async def _round(self, work: "Work") -> None:
        """Every officer logs a batch; the superior decides about most of it, and what came back is corrected."""
        for employee in work.office.aims:
            await self._pace(_BATCH)
            await work.log(employee, _BATCH)
        await work.judge(returns=0.1, leaves=0.05)
        await work.correct()
        await work.judge(returns=0.0, leaves=0.05)

    async def _pace(self, entries: int) -> None:
        """So that all offices together log about `rate` entries a second, without catching up after an outage."""
        now = time.monotonic()
        self._next = max(self._next, now) + entries / self.rate
        await asyncio.sleep(self._next - now)


@dataclass(slots=True)
class Work:
    """What the people of one office do; each step ends when all of it is accepted, and is then in the journal."""

    client: Client
    office: Office
    rng: random.Random
    day: date

    async def log(self, employee: str, count: int) -> None:
        """An officer logs so many entries at once."""
        items = [self._content(employee) | {"id": str(fresh_id())} for _ in range(count)]
        await self.client.do(
            employee, "staff", "activity", "POST", "/entries/batch", {"items": items}, commands=len(items)
        )
        for item in items:
            self.office.entries[item["id"]] = Entry(item["id"], employee, Decimal(item["quantity"]))

    async def judge(self, returns: float, leaves: float) -> None:
        """The superior verifies what waits, returns a share of it and leaves another alone."""
        items: list[dict[str, Any]] = []
        for entry in self.office.entries.values():
            drawn = self.rng.random()
            if entry.status != "waiting" or drawn < leaves:
                continue
            seen = {"entry": entry.id, "version": entry.version}
            back = drawn < leaves + returns
            items.append(seen | ({"action": "return", "text": "Mohon dilengkapi"} if back else {"action": "verify"}))
        for start in range(0, len(items), 100):
            await self._decide(items[start : start + 100])

    async def correct(self) -> None:
        """Officers amend what was returned."""
        for entry in [entry for entry in self.office.entries.values() if entry.status == "returned"]:
            content = self._content(entry.employee)
            path = f"/entries/{entry.id}/amend"
            await self.client.do(
                entry.employee, "staff", "activity", "POST", path, content | {"version": entry.version}
            )
            entry.quantity, entry.status, entry.version = Decimal(content["quantity"]), "waiting", entry.version + 1

    async def name_contacts(self) -> None:
        """Hr gets what is meant for hr."""
        hr = self.office.hr
        await self.client.do(hr, "staff hr", "notification", "PUT", "/settings", {"hr_contacts": [hr]})

    async def close(self) -> None:
        """Hr seals the period and asks for its closing."""
        path = f"/periods/{self.office.period}"
        await self.client.do(self.office.hr, "staff hr", "activity", "POST", f"{path}/seal")
        self.office.seal()
        await self.client.do(self.office.hr, "staff hr", "appraisal", "POST", f"{path}/close")
        self.office.closed = True

    async def _decide(self, items: list[dict[str, Any]]) -> None:
        superior = self.office.superior
        body = {"items": items}
        await self.client.do(superior, "staff", "activity", "POST", "/verifications", body, commands=len(items))
        for item in items:
            entry = self.office.entries[item["entry"]]
            entry.status = "returned" if item["action"] == "return" else "verified"
            entry.version += 1
            self.office.returned.update([entry.employee] if entry.status == "returned" else [])

    def _content(self, employee: str) -> dict[str, Any]:
        quantity = str(Decimal(self.rng.randint(1, 900)) / 100)
        return {"day": str(self.day), "quantity": quantity, "indicator": self.office.aims[employee].indicator}


async def open_office(
    system: System, journal: Journal, http: httpx.AsyncClient, rng: random.Random, officers: int, target: int = 0
) -> Work:
    """Found an office with a superior, hr and officers with agreed plans, over public HTTP; all of it may be repeated.

    `target` is that of every officer's plan; 0: one of each kind, at random.
    """
    period = Period.of(datetime.now(UTC).date(), PeriodKind.MONTH).previous()
    office = Office(f"kantor-{len(journal.offices) + 1}", str(period))
    journal.offices.append(office)
    client = Client(system, journal, http, office.code)
    # Commands of the system, not of people: how many were accepted is not what chaos asks about.
    await _register(client, office, period, officers)
    for employee in office.aims:
        office.aims[employee] = _aim(rng, target)
    source = {"source": {"system": "e-kinerja", "file_hash": "a" * 64}, "year": period.year}
    plans = [_plan(aim) | source | {"employee": employee} for employee, aim in office.aims.items()]
    await client.do(office.hr, "staff hr", "appraisal", "POST", "/imports/plans", {"items": plans}, commands=len(plans))
    course = {"code": "KOM-01", "title": "Komunikasi", "provider": "BPSDM", "kind": "klasikal", "jp": 16}
    courses = {"items": [course | {"competencies": {COMPETENCY: 3}}]}
    await client.do(office.hr, "staff hr", "training", "POST", "/courses/batch", courses)
    return Work(client, office, rng, period.first_day)


async def _register(client: Client, office: Office, period: Period, officers: int) -> None:
    first = str(period.first_day)
    policy = {"verification_grace_working_days": 0, "daily_summary_at": "23:59"}
    body = {"name": office.code, "zone": "Asia/Jakarta", "first_day": first, "policy": policy}
    await client.do("", "system", "directory", "PUT", "/instansi", body)
    rows = [_person(number, office.code, first) for number in range(officers + 2)]
    told = await client.do("", "system", "directory", "POST", "/roster/batch", {"items": rows}, commands=len(rows))
    office.superior, office.hr, *people = (result["id"] for result in told["results"])
    office.aims = dict.fromkeys(people, Aim("", "quantity", "higher", 1))


def _person(number: int, code: str, first: str) -> dict[str, Any]:
    """Number 0 is everybody's superior, 1 is hr."""
    nip = f"198001012005011{number + 1:03d}"
    post = ("KEPALA", "JA", "Administrator") if number == 0 else ("STAF", "JA", "Pelaksana")
    names = ("position_code", "position_kind", "position_level")
    return dict(zip(names, post, strict=True)) | {
        "nip": nip,
        "name": f"Pegawai {number}",
        "email": f"pegawai{number}@{code}.example",
        "kind": "PNS",
        "valid_from": first,
        "unit_code": "A",
        "unit_name": "A",
        "position_title": post[0],
        "superior_nip": "198001012005011001" if number else None,
    }


def _aim(rng: random.Random, target: int) -> Aim:
    if target:
        return Aim(str(fresh_id()), "quantity", "higher", target)
    by_count = rng.random() < 0.3
    low, high = (20, 60) if by_count else (100, 300)
    direction: Literal["higher", "lower"] = "lower" if rng.random() < 0.3 else "higher"
    return Aim(str(fresh_id()), "count" if by_count else "quantity", direction, rng.randint(low, high))


def _plan(aim: Aim) -> dict[str, Any]:
    indicator = {
        "id": aim.indicator,
        "title": "Layanan yang diselesaikan",
        "aspect": "kuantitas",
        "direction": aim.direction,
        "measure": aim.measure,
        "unit_label": "layanan",
        "target": {"kind": "number", "value": str(aim.target)},
        "competency": COMPETENCY,
    }
    return {"results": [{"id": str(fresh_id()), "title": "Layanan meningkat", "indicators": [indicator]}]}
