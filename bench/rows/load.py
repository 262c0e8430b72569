"""The whole system on a deadline day: five services, PostgreSQL, NATS and the load itself on one machine."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from itertools import pairwise

from bench.country import Country
from bench.deadline import Deadline, Stand
from bench.figure import Figure, Row, figure
from bench.probes import bare, freshness, percentile, reading
from bench.stage import Size, Stage
from bench.watch import Watch, used

#: Civil servants times entries a day, a fifth of them in the last of its hours: 5.7 million × 5 / 5 / 3,600 s.
DEADLINE = 1_600.0
_LARGEST_MB = 200.0
#: CPU a second that two cores have for each entry when 1,600 come in it.
_BUDGET_MS = 2_000 / DEADLINE
#: Reads of each kind a second; few, because what they cost stands in the way of what is measured beside them.
_READS = 3.0
_DRAIN_SECONDS = 180

_RATE = f"{DEADLINE:,.0f} a second, the last hour of a country's deadline day"
INTAKE = Row(
    name="intake",
    unit="entries/s",
    what="logged durable in batches of 20 while everything else runs; drained afterwards",
    against=_RATE,
    reach=1,
    aim=2,
)
INTAKE_DRAINED = replace(
    INTAKE,
    name="intake_drained",
    what="the same entries over the time until they were scored and nothing was under way",
    reach=None,
    aim=None,
)
END_TO_END = Row(
    name="end_to_end",
    unit="entries/s",
    what="logged (20s), verified (up to 500) and scored; the slowest of the three, the backlog held small",
    against=_RATE,
    reach=0.5,
    aim=1,
)
FRESHNESS = Row(
    name="freshness",
    unit="ms",
    what="accepted to score visible, p99 at 400 entries a second",
    against="one fsync and two network hops there and back, bare, p99",
    reach=1000,
    aim=250,
    better="less",
    judged="value",
)
FRESHNESS_P50 = replace(
    FRESHNESS, name="freshness_p50", what="the same, p50", against="the same bare, p50", reach=None, aim=None
)
READS = Row(
    name="reads",
    unit="ms",
    what="own entries, own review and verification queue during the end-to-end load, p99",
    against="the same reads when idle, p99",
    aim=300,
    better="less",
    judged="value",
)
MEMORY = Row(
    name="memory",
    unit="MB",
    what="proportional set size of the largest service process under the load",
    against="200 MB",
    reach=1,
    aim=0.6,
    better="less",
)
IDLE = Row(
    name="idle", unit="% of a core", what="all five services with nothing to do", against="one core", better="less"
)
CPU = Row(
    name="cpu",
    unit="ms/entry",
    what="CPU of all processes for an entry logged, verified and scored, with nine reads a second beside",
    against="what two cores have for each of 1,600 a second",
    better="less",
)
ROWS = (INTAKE, END_TO_END, FRESHNESS, READS, MEMORY, INTAKE_DRAINED, FRESHNESS_P50, IDLE, CPU)


@dataclass(frozen=True, slots=True)
class _Plan:
    """How large a country and how long each part; `windows` of so many seconds are the rounds."""

    agencies: int
    teams: int
    staff: int
    rate: float
    windows: int
    seconds: float
    calm: float


_PLANS: dict[Size, _Plan] = {
    "tiny": _Plan(agencies=2, teams=1, staff=4, rate=40, windows=1, seconds=2, calm=1),
    "quick": _Plan(agencies=4, teams=4, staff=25, rate=400, windows=3, seconds=4, calm=4),
    "full": _Plan(agencies=8, teams=8, staff=25, rate=400, windows=3, seconds=20, calm=10),
}


async def measure(stage: Stage) -> list[Figure]:
    """All figures of one running system. Untrue when it did not keep what it accepted."""
    country = await Country.start(stage.folder / "country")
    try:
        return await _Day(stage, country).run()
    finally:
        await country.stop()


class _Day:
    def __init__(self, stage: Stage, country: Country) -> None:
        self.stage, self.country, self.plan = stage, country, _PLANS[stage.size]
        self.watch = Watch(country.embedded)
        self.deadline = Deadline(country)
        self.most: dict[str, float] = defaultdict(float)

    async def run(self) -> list[Figure]:
        plan = self.plan
        await self.country.settle(plan.agencies, plan.teams, plan.staff)
        figures = [await self._idle(), *await self._freshness(), *await self._intake()]
        async with reading(self.country, _READS) as idle:
            await asyncio.sleep(plan.calm)
        figures += await self._end_to_end(idle)
        await self.country.drained(_DRAIN_SECONDS)
        await self.deadline.check()
        return [*figures, *self._memory()]

    async def _idle(self) -> Figure:
        shares = []
        for _ in range(self.plan.windows):
            before = self.watch.cpu()
            await asyncio.sleep(self.plan.calm / self.plan.windows)
            spent = used(before, self.watch.cpu())
            shares.append(
                sum(spent[name] for name in self.country.system.services) * 100 * self.plan.windows / self.plan.calm
            )
        return figure(IDLE, shares, [100.0] * len(shares))

    async def _freshness(self) -> list[Figure]:
        plan, rounds, limits = self.plan, [], []
        for _ in range(plan.windows):
            limits.append(bare(self.stage.folder, 200))
            count, times = await freshness(self.country, self.country.teams, plan.rate, plan.calm)
            self.deadline.logged += count
            self.deadline.verified += count
            rounds.append(times)
        return [
            figure(row, [percentile(times, share) for times in rounds], [percentile(times, share) for times in limits])
            for row, share in ((FRESHNESS, 0.99), (FRESHNESS_P50, 0.5))
        ]

    async def _intake(self) -> list[Figure]:
        stands = await self._through(self.deadline.logging)
        drained = await self.country.drained(_DRAIN_SECONDS)
        rates = [later.rates(before)[0] for before, later in pairwise(stands)]
        whole = (stands[-1].logged - stands[0].logged) / (stands[-1].at - stands[0].at + drained)
        return [figure(INTAKE, rates, [DEADLINE] * len(rates)), figure(INTAKE_DRAINED, [whole], [DEADLINE])]

    async def _end_to_end(self, idle: dict[str, list[float]]) -> list[Figure]:
        spent: list[dict[str, float]] = []
        async with reading(self.country, _READS) as loaded:
            stands = await self._through(self.deadline.chain, spent)
        rates = [min(later.rates(before)) for before, later in pairwise(stands)]
        entries = sum(stands[-1].rates(stands[0])) / 3 * (stands[-1].at - stands[0].at)
        costs = {name: sum(window[name] for window in spent) * 1000 / entries for name in spent[0]}
        figures = [figure(END_TO_END, rates, [DEADLINE] * len(rates)), _read("reads", _all(loaded), _all(idle))]
        figures += [_read(f"reads_{kind}", loaded[kind], idle[kind]) for kind in sorted(loaded)]
        figures.append(figure(CPU, [sum(costs.values())], [_BUDGET_MS]))
        for name, cost in costs.items():
            row = replace(CPU, name=f"cpu_{name}", what=f"of these, {name}")
            figures.append(figure(row, [cost], [_BUDGET_MS]))
        return figures

    async def _through(
        self, load: Callable[[], AbstractAsyncContextManager[None]], spent: list[dict[str, float]] | None = None
    ) -> list[Stand]:
        """Where it stood at the beginning of each window and at the end, after a while to get going."""
        async with load():
            await asyncio.sleep(self.plan.seconds / 4)
            stands = [await self.deadline.stand()]
            for _ in range(self.plan.windows):
                before = self.watch.cpu()
                await asyncio.sleep(self.plan.seconds)
                stands.append(await self.deadline.stand())
                if spent is not None:
                    spent.append(used(before, self.watch.cpu()))
                for name, megabytes in self.watch.memory().items():
                    self.most[name] = max(self.most[name], megabytes)
        return stands

    def _memory(self) -> list[Figure]:
        largest = max(self.most[name] for name in self.country.system.services)
        each = [
            figure(
                replace(MEMORY, name=f"memory_{name}", what=f"of {name}", reach=None, aim=None), [most], [_LARGEST_MB]
            )
            for name, most in self.most.items()
        ]
        return [figure(MEMORY, [largest], [_LARGEST_MB]), *each]


def _read(name: str, loaded: Sequence[float], idle: Sequence[float]) -> Figure:
    row = READS if name == "reads" else replace(READS, name=name, what=f"of these, {name.partition('_')[2]}", aim=None)
    return figure(row, [percentile(loaded, 0.99)], [percentile(idle, 0.99)])


def _all(times: dict[str, list[float]]) -> list[float]:
    return [each for kind in times.values() for each in kind]
