"""Plays the sample data through the public interfaces, as the people in it: everybody logs their own work, superiors decide.

Every step may be repeated: ids are derived, and a journal in the data directory says which steps are done.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from cli.demo import accounts, learning, registering
from cli.demo.chain import Chain
from cli.demo.client import BATCH, PATIENCE_SECONDS, Voice
from cli.demo.places import scripts
from cli.demo.story import Demo, Script, indicator_id
from cli.demo.tale import HERO
from cli.demo.work import Entry
from cli.system import System, Unreachable
from shared.calendar import Period

_AT_ONCE = 12
_HR = "hr"
_FOR_HR = "Diverifikasi kepegawaian karena atasan sudah pensiun dan Plt adalah pegawai ini sendiri. [simulasi]"
_BELOW = "Hasil di bawah ekspektasi, lengkapi buktinya. [simulasi]"
_RETURNED = "Jumlah atau bukti keliru, mohon diperbaiki. [simulasi]"


@dataclass
class Journal:
    """Which steps are done, kept beside the data."""

    path: Path
    head: dict[str, Any]
    done: set[str] = field(default_factory=set)

    def note(self, step: str) -> None:
        """Keep that a step is done."""
        self.done.add(step)
        self.keep()

    def keep(self) -> None:
        """Write the file; a kill while writing leaves the older one."""
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(self.head | {"done": sorted(self.done)}, indent=1))
        draft.replace(self.path)


class Play:
    """One performance of `demo` on a running system; `phase` says what happens now."""

    def __init__(self, system: System, demo: Demo, journal: Journal, chain: Chain) -> None:
        self.demo, self.phase = demo, "menyiapkan data"
        self.scripts = scripts(demo)
        self.seconds: dict[str, float] = {}
        self._system, self._journal, self._chain = system, journal, chain
        self._http = httpx.AsyncClient(timeout=120, trust_env=False, limits=httpx.Limits(max_connections=_AT_ONCE))
        at_once = asyncio.Semaphore(_AT_ONCE)
        self.voices = {s.agency.code: Voice(system, self._http, s.agency.code, at_once) for s in self.scripts}

    async def run(self) -> None:
        """Play everything that was not played yet, and wait until the chain is idle."""
        await self._all("pegawai, jabatan, dan SKP", self._prepare)
        await self._all("pekerjaan dan verifikasi", self._work)
        await self._pause("menunggu nilai")
        await self._all("penilaian", self._rate)
        for month in self.demo.months[:-1]:
            await self._all(f"penutupan {month}", lambda script, month=month: self._close(script, month))  # type: ignore[misc]
        await self._pause("menunggu kesenjangan dan rencana")
        await self._all("pelatihan", self._learn)
        await self._all("pemulihan", self._recover)
        await self._pause("menunggu surat", mails=True)
        self.phase = "selesai"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _all(self, phase: str, act: Callable[[Script], Awaitable[None]]) -> None:
        self.phase, started = phase, time.monotonic()
        async with asyncio.TaskGroup() as group:
            for script in self.scripts:
                group.create_task(act(script))  # type: ignore[arg-type]
        self.seconds[phase] = round(time.monotonic() - started, 1)

    async def _pause(self, phase: str, *, mails: bool = False) -> None:
        self.phase, started = phase, time.monotonic()
        await self._chain.until_idle(mails=mails)
        self.seconds[phase] = round(time.monotonic() - started, 1)

    async def _once(self, script: Script, step: str, act: Callable[[], Awaitable[None]]) -> None:
        name = f"{script.agency.code}: {step}"
        if name not in self._journal.done:
            await act()
            self._journal.note(name)

    async def _prepare(self, script: Script) -> None:
        voice, demo, agency = self.voices[script.agency.code], self.demo, script.agency
        await self._once(script, "agency", lambda: registering.register(voice, demo, agency))
        await registering.enter_roster(voice, agency)
        if HERO in script.named:
            await self._once(script, "accounts", lambda: accounts.make(voice, self._system, demo, agency))
        await self._once(script, "courses", lambda: registering.write_courses(voice, demo, agency))
        await self._once(script, "levels", lambda: registering.enter_levels(voice, demo, script))
        await self._once(script, "plans", lambda: registering.agree_plans(voice, demo, script))

    async def _work(self, script: Script) -> None:
        await self._once(script, "records", lambda: self._records(script))
        await self._once(script, "work", lambda: self._log_and_decide(script, script.entries))
        await self._once(script, "corrections", lambda: self._correct(script))
        if script.late_after is not None:
            await self._once(script, "rule of lateness", lambda: self._set_lateness(script))
            await self._once(script, "offline", lambda: self._log_and_decide(script, script.offline))

    async def _rate(self, script: Script) -> None:
        await self._once(script, "ratings", lambda: learning.rate(self.voices[script.agency.code], self.demo, script))

    async def _learn(self, script: Script) -> None:
        await self._once(script, "learning", lambda: learning.learn(self.voices[script.agency.code], self.demo, script))

    async def _recover(self, script: Script) -> None:
        await self._once(script, "recovery", lambda: self._log_and_decide(script, script.recovery))

    async def _close(self, script: Script, month: Period) -> None:
        await self._once(script, f"close {month}", lambda: self._seal_and_close(script, month))

    async def _log_and_decide(self, script: Script, entries: Sequence[Entry]) -> None:
        """Superior by superior: the team logs, then everything that is to be decided is decided in batches."""
        teams: dict[str, list[Entry]] = defaultdict(list)
        for entry in sorted(entries, key=lambda e: (e.person, e.day, e.id)):
            judge = script.agency.judge(entry.person, entry.day, self.demo.today)
            # Whoever acts for their former superior would judge themself: then it is for hr.
            teams[judge if judge != entry.person else _HR].append(entry)
        async with asyncio.TaskGroup() as group:
            for judge, team in teams.items():
                group.create_task(self._team(script, judge, team))

    async def _team(self, script: Script, judge: str, team: Sequence[Entry]) -> None:
        voice = self.voices[script.agency.code]
        people: dict[str, list[Entry]] = defaultdict(list)
        for entry in team:
            people[entry.person].append(entry)
        decisions = []
        for person, entries in people.items():
            items = [self._item(script, entry) for entry in entries]
            answers = await voice.batch("activity", "/entries/batch", items, who=person)
            # What was decided in an interrupted run has a higher version.
            decisions += [
                _decision(e, judge)
                for e, a in zip(entries, answers, strict=True)
                if a["version"] == 1 and e.fate != "wait"
            ]
        for start in range(0, len(decisions), BATCH):
            who, role = (script.agency.hr, "hr") if judge == _HR else (judge, "staff")
            await voice.batch("activity", "/verifications", decisions[start : start + BATCH], who=who, role=role)

    def _item(self, script: Script, entry: Entry) -> dict[str, Any]:
        item = {
            "id": str(entry.id),
            "day": str(entry.day),
            "quantity": str(entry.quantity),
            "minutes": entry.minutes,
            "activity": entry.activity,
            "description": entry.description,
        }
        if entry.duty:
            item["indicator"] = str(indicator_id(script.agency, entry.person, entry.duty, entry.day.year))
        if entry.done_at:
            item["done_at"] = entry.done_at.isoformat()
        return item

    async def _correct(self, script: Script) -> None:
        voice = self.voices[script.agency.code]
        for entry in script.entries:
            if entry.id not in script.corrected:
                continue
            path = f"/entries/{entry.id}"
            content = {k: v for k, v in self._item(script, entry).items() if k != "id"}
            now = await voice.call("GET", "activity", path, who=entry.person)
            if now["status"] == "returned":
                body = content | {"quantity": str(script.corrected[entry.id])}
                now = await voice.call(
                    "POST", "activity", f"{path}/amend", body, who=entry.person, version=now["version"]
                )
            if now["status"] == "waiting":
                judge = script.agency.judge(entry.person, entry.day, self.demo.today)
                await voice.call("POST", "activity", f"{path}/verify", {}, who=judge, version=now["version"])

    async def _records(self, script: Script) -> None:
        voice = self.voices[script.agency.code]
        units = await voice.everything("directory", "/units", who=script.agency.hr)
        ids = {unit["code"]: unit["id"] for unit in units}
        records = [
            {
                "id": str(record.id),
                "product": record.product,
                "officer": voice.ids[record.officer],
                "unit": ids[record.unit],
                "started": record.started.isoformat(),
                "due": record.due.isoformat(),
                "completed": record.completed.isoformat(),
            }
            for record in script.records
        ]
        answers = [
            {"id": str(a.id), "unit": ids[a.unit], "given_at": a.given_at.isoformat(), "scores": list(a.scores)}
            for a in script.answers
        ]
        await voice.batch("activity", "/service-records", records, role="system", method="PUT")
        await voice.batch("activity", "/surveys", answers, role="system")

    async def _set_lateness(self, script: Script) -> None:
        """From now on work that is told later is marked, and activity knows it."""
        voice = self.voices[script.agency.code]
        policy = {"policy": {"late_after_working_days": script.late_after}}
        await voice.call("PUT", "directory", "/instansi", policy, role="system")
        await self._chain.until_heard("directory", by="activity")

    async def _seal_and_close(self, script: Script, month: Period) -> None:
        voice, hr = self.voices[script.agency.code], script.agency.hr
        await voice.call("POST", "activity", f"/periods/{month}/seal", who=hr, role="hr")
        state = await voice.call("POST", "appraisal", f"/periods/{month}/close", who=hr, role="hr")
        until = time.monotonic() + PATIENCE_SECONDS
        while state["status"] != "closed":
            if time.monotonic() > until:
                raise Unreachable(f"{month} of {voice.instansi} does not close; see the log of appraisal.")
            await asyncio.sleep(0.3)
            state = await voice.call("GET", "appraisal", f"/periods/{month}", who=hr, role="hr")


def _decision(entry: Entry, judge: str) -> dict[str, Any]:
    decided: dict[str, Any] = {"entry": str(entry.id), "version": 1}
    match entry.fate:
        case "return":
            return decided | {"action": "return", "text": _RETURNED}
        case "below":
            return decided | {"verdict": "below", "text": _BELOW}
        case _:
            return decided | ({"text": _FOR_HR} if judge == _HR else {})
