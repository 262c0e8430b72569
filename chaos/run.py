"""One run: load, faults one after the other, a probe after each, then the account."""

import asyncio
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from chaos.account import Account, account, settled
from chaos.faults import Fault, schedule
from chaos.journal import Journal
from chaos.load import Load, Work, open_office
from chaos.system import System
from shared.testing.waiting import until

RECOVERY_SECONDS = 30.0
_PATIENCE = 180.0
_PROBE_TARGET = 1_000_000


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that struck: when, in seconds of the run, and how long the recovery took after its end."""

    fault: Fault
    at: float
    recovery: float


@dataclass(slots=True)
class Report:
    """What a run found."""

    seed: int
    struck: list[Struck]
    journal: Journal
    account: Account
    left_out: dict[str, str]

    @property
    def slowest(self) -> float:
        """The longest recovery, in seconds."""
        return max((each.recovery for each in self.struck), default=0.0)

    @property
    def passed(self) -> bool:
        """Nothing lost, doubled or different, and every recovery in time."""
        wrong = self.account.lost + self.account.doubled + self.account.different
        return not wrong and self.slowest <= RECOVERY_SECONDS

    def as_json(self) -> dict[str, Any]:
        """The last line of the output."""
        kinds = [each.fault.kind for each in self.struck]
        return {
            "seed": self.seed,
            "kills": sum(each.fault.kills for each in self.struck),
            "accepted": self.journal.accepted,
            "lost": self.account.lost,
            "doubled": self.account.doubled,
            "different": self.account.different,
            "slowest_recovery_seconds": round(self.slowest, 1),
            "faults": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
            "offices": len(self.journal.offices),
            "left_out": self.left_out,
            "passed": self.passed,
        }


def _current() -> "asyncio.Task[Any]":
    task = asyncio.current_task()
    assert task is not None
    return task


@dataclass(slots=True)
class Run:
    """`progress` is told what is under way, `line` what is done."""

    seed: int
    seconds: float
    rate: float
    progress: Callable[[str], object]
    line: Callable[[str], object]
    journal: Journal = field(default_factory=Journal)
    struck: list[Struck] = field(default_factory=list)
    _doing: str = "starting"
    _began: float = 0.0

    async def on(self, folder: Path) -> Report:
        """Start the system in `folder`, strike, account, stop."""
        system = System(folder)
        telling = asyncio.create_task(self._tell())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _current().cancel)
        try:
            system.up()
            async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(keepalive_expiry=2)) as http:
                await self._strike(system, http)
            self._doing = "draining"
            calm = await settled(system)
            self._doing = "accounting"
            found = await account(system, self.journal)
            if not calm:
                found.differs("the system did not come to rest")
            return Report(self.seed, self.struck, self.journal, found, system.left_out)
        finally:
            telling.cancel()
            system.down()

    async def _strike(self, system: System, http: httpx.AsyncClient) -> None:
        rng = random.Random(self.seed)
        faults = schedule(rng, system.replicas(), self.seconds, list(system.left_out))
        moments = sorted(rng.uniform(0, max(0.0, self.seconds - 15)) for _ in faults)
        probe = await open_office(system, self.journal, http, rng, officers=1, target=_PROBE_TARGET)
        await probe.name_contacts()
        load = Load(system, self.journal, http, random.Random(self.seed), self.rate)
        working = asyncio.create_task(load.run())
        self._began = time.monotonic()
        for fault, moment in zip(faults, moments, strict=True):
            await self._wait(moment, working)
            self._doing = str(fault)
            at = time.monotonic() - self._began
            await fault.strike(system)
            recovery = await self._recovered(system, http, probe)
            self.struck.append(Struck(fault, at, recovery))
            self.line(f"{at:6.1f} s  {fault}: recovered in {recovery:.1f} s")
        await self._wait(self.seconds, working)
        self._doing = "the last offices close"
        load.stop()
        await working

    async def _wait(self, moment: float, working: "asyncio.Task[None]") -> None:
        """Until that second of the run; the load's own failure ends the run."""
        self._doing = "calm"
        left = self._began + moment - time.monotonic()
        await asyncio.wait([working], timeout=max(0.0, left))
        if working.done():
            working.result()

    async def _recovered(self, system: System, http: httpx.AsyncClient, probe: Work) -> float:
        """Seconds until everybody is ready and a fresh entry was accepted, verified and scored."""
        ended = time.monotonic()
        self._doing += ": recovering"
        try:
            async with asyncio.timeout(_PATIENCE):
                ready = until(lambda: system.all_ready(http), _PATIENCE)
                await asyncio.gather(ready, self._probed(probe))
        except TimeoutError:
            self.line(f"not recovered within {_PATIENCE:g} s")
        return time.monotonic() - ended

    async def _probed(self, probe: Work) -> None:
        [employee] = probe.office.aims
        await probe.log(employee, 1)
        await probe.judge(returns=0, leaves=0)
        wanted = len(probe.office.entries)
        path = f"/reviews/{employee}/{probe.office.period}"
        while True:
            review = await probe.client.look(employee, "staff", "appraisal", path)
            counted = (i["entries"].get("verified", {}).get("total", 0) for i in (review or {}).get("indicators", []))
            if sum(counted) >= wanted:
                return
            await asyncio.sleep(0.2)

    async def _tell(self) -> None:
        while True:
            left = max(0.0, self._began + self.seconds - time.monotonic()) if self._began else self.seconds
            again = f"{self.journal.others.total()} tried again"
            self.progress(f"{left:4.0f} s left · {self._doing} · {self.journal.accepted} accepted, {again}")
            await asyncio.sleep(0.5)
