"""The last hour of a deadline day: people log, superiors verify, as fast as the system takes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

from bench.country import Country, Team
from bench.figure import Untrue
from bench.probes import BATCH

#: Teams that log at the same time, people of each who do, superiors who verify, and how many entries these decide at once.
_TEAMS, _PEOPLE, _VERIFIERS, _AT_ONCE = 4, 3, 2, 500
#: Messages under way at which logging waits, and goes on again; few enough that they are seconds, not minutes, of work.
_FULL, _FREE = 6_000, 3_000

_SCORED = """
SELECT coalesce(sum((i ->> 'counted')::int), 0), coalesce(sum((i ->> 'waiting')::int), 0),
       coalesce(sum((i ->> 'realisation')::numeric), 0)::bigint
FROM review, jsonb_array_elements(indicators) AS i WHERE instansi = ANY($1)
"""
_ENTRIES = "SELECT count(*), count(*) FILTER (WHERE status = 'verified') FROM {} WHERE instansi = ANY($1)"
_WAITING = "SELECT count(*) FILTER (WHERE waiting) FROM heard_waiting WHERE instansi = ANY($1)"
_DEAD = """
SELECT durable, reason, error FROM dead_letters WHERE settled_at IS NULL AND split_part(subject, '.', 2) = ANY($1) LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Stand:
    """How many entries reached each stage, at a moment of the loop's clock."""

    at: float
    logged: int
    verified: int
    scored: int

    def rates(self, before: "Stand") -> tuple[float, float, float]:
        """Entries a second since `before`: logged, verified, scored."""
        seconds = self.at - before.at
        logged, verified, scored = (
            self.logged - before.logged,
            self.verified - before.verified,
            self.scored - before.scored,
        )
        return logged / seconds, verified / seconds, scored / seconds


class Deadline:
    """Counts what was accepted; `waiting` are logged entries that nobody will verify."""

    def __init__(self, country: Country) -> None:
        self.country, self.logged, self.verified = country, 0, 0
        self._teams = cycle(country.teams)
        self._open = asyncio.Event()
        self._ended = False
        self._ready: asyncio.Queue[tuple[Team, list[str]] | None] = asyncio.Queue(maxsize=2 * _VERIFIERS)

    async def stand(self) -> Stand:
        """Where it stands now."""
        scored, *_ = await self.country.ask_sql("appraisal", _SCORED, self.country.instansi)
        return Stand(asyncio.get_running_loop().time(), self.logged, self.verified, scored)

    @asynccontextmanager
    async def logging(self) -> AsyncIterator[None]:
        """Meanwhile people log, and nobody holds them up."""
        self._ended = False
        self._open.set()
        async with asyncio.TaskGroup() as group:
            for _ in range(_TEAMS):
                group.create_task(self._log_until_ended())
            try:
                yield
            finally:
                self._ended = True

    @asynccontextmanager
    async def chain(self) -> AsyncIterator[None]:
        """Meanwhile people log, superiors verify team by team, and logging waits while too much is under way."""
        self._ended = False
        async with asyncio.TaskGroup() as group:
            pressure = group.create_task(self._hold_up())
            verifiers = [group.create_task(self._verify()) for _ in range(_VERIFIERS)]
            loggers = [group.create_task(self._log_for_superiors()) for _ in range(_TEAMS)]
            try:
                yield
            finally:
                self._ended = True
                self._open.set()
            await asyncio.gather(*loggers)
            for _ in verifiers:
                await self._ready.put(None)
            await asyncio.gather(*verifiers)
            pressure.cancel()

    async def check(self) -> None:
        """Untrue when anything accepted is not stored, heard and scored exactly once, or anything was given up."""
        scope, logged, verified = self.country.instansi, self.logged, self.verified
        ask = self.country.ask_sql
        found = {
            "stored in activity": await ask("activity", _ENTRIES.format("entry"), scope),
            "heard in appraisal": await ask("appraisal", _ENTRIES.format("heard_entry"), scope),
            "waiting in notification": await ask("notification", _WAITING, scope),
            "counted, waiting, realised in scores": await ask("appraisal", _SCORED, scope),
        }
        waiting = logged - verified
        wanted = dict(
            zip(found, ((logged, verified), (logged, verified), (waiting,), (verified, waiting, verified)), strict=True)
        )
        wrong = [f"{what}: {found[what]} instead of {wanted[what]}" for what in found if found[what] != wanted[what]]
        for name, state in (await self.country.statuses()).items():
            if dead := await ask(name, _DEAD, scope):
                wrong.append(f"{name}: a dead letter, {', '.join(dead)}")
            if state["parked"]:
                wrong.append(f"{name}: {state['parked']} parked messages")
        if wrong:
            raise Untrue("; ".join(wrong))

    async def _log(self, team: Team) -> list[str]:
        entries: list[str] = []
        people = iter(team.staff)

        async def one_after_another() -> None:
            for person in people:
                await self._open.wait()
                if self._ended:
                    return
                entries.extend(await self.country.log(person, BATCH))
                self.logged += BATCH

        await asyncio.gather(*(one_after_another() for _ in range(_PEOPLE)))
        return entries

    async def _log_until_ended(self) -> None:
        while not self._ended:
            await self._log(next(self._teams))

    async def _log_for_superiors(self) -> None:
        while not self._ended:
            team = next(self._teams)
            await self._ready.put((team, await self._log(team)))

    async def _verify(self) -> None:
        while (ready := await self._ready.get()) is not None:
            team, entries = ready
            for start in range(0, len(entries), _AT_ONCE):
                part = entries[start : start + _AT_ONCE]
                await self.country.verify(team.superior, part)
                self.verified += len(part)

    async def _hold_up(self) -> None:
        while True:
            backlog = await self.country.backlog()
            if backlog > _FULL and not self._ended:
                self._open.clear()
            elif backlog < _FREE:
                self._open.set()
            await asyncio.sleep(0.3)
