"""Neighbour: what others notice while one agency imports a large file into the same running system."""

import asyncio
import csv
import itertools
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.country import Country, Refused, Team
from bench.figure import Figure, Row, figure
from bench.probes import paced, percentile, shown
from bench.stage import Size, Stage

NEIGHBOUR = Row(
    name="neighbour",
    unit="ms",
    what="accepted to score visible for others while one agency imports (in full: 100,000 rows in three files), p99",
    against="the same without the import, p99",
    reach=2,
    aim=1.2,
    better="less",
)
ANSWERS = replace(
    NEIGHBOUR,
    name="neighbour_answers",
    what="answers to others' logging and verifying during the import, p99",
    reach=None,
    aim=None,
)
IMPORT = Row(
    name="neighbour_import",
    unit="rows/s",
    what="the import itself, from the command's start until all its rows count in scores",
    against="500 a second, what one agency may put on the road while listeners are behind",
)
ROWS = (NEIGHBOUR, ANSWERS, IMPORT)

_STEADY_RATE = 500.0
_PATIENCE = 600
_MAPPING = """
system: bench
people: {called_by: id, columns: [{person: who}]}
entries: {identity: reference, employee: who, time: day, quantity: quantity, indicator: indicator}
"""
_HEARD = "SELECT count(*) FROM heard_entry WHERE instansi = $1"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Rows of each import, seconds of calm before it, others' entries a second."""

    rows: int
    calm: float
    rate: float


_PLANS: dict[Size, _Plan] = {
    "tiny": _Plan(rows=300, calm=1, rate=5),
    "quick": _Plan(rows=2_000, calm=6, rate=10),
    "full": _Plan(rows=33_400, calm=12, rate=10),
}


@dataclass(slots=True)
class _Noticed:
    """Milliseconds until an answer came, and from accepted to visible."""

    answers: list[float] = field(default_factory=list)
    visible: list[float] = field(default_factory=list)


async def measure(stage: Stage) -> list[Figure]:
    """Calm and import in turn, three times; others log and verify one entry at a time all along."""
    country = await Country.start(stage.folder / "neighbours")
    try:
        await country.settle(4, 1, 8)
        others = list(country.teams)
        await country.settle(1, 4, 50, prefix="besar")
        importer = [team for team in country.teams if team not in others]
        return await _rounds(stage, country, others, importer)
    finally:
        await country.stop()


async def _rounds(stage: Stage, country: Country, others: list[Team], importer: list[Team]) -> list[Figure]:
    plan, calm, busy, rates = _PLANS[stage.size], list[_Noticed](), list[_Noticed](), list[float]()
    async with _noticing(country, others, plan.rate):
        await asyncio.sleep(2)  # the first requests of a process are slow
    for turn in range(3):
        async with _noticing(country, others, plan.rate) as noticed:
            await asyncio.sleep(plan.calm)
        calm.append(noticed)
        async with _noticing(country, others, plan.rate) as noticed:
            started = time.perf_counter()
            await _import(stage.folder, country, importer, turn, plan.rows)
            rates.append(plan.rows / (time.perf_counter() - started))
        busy.append(noticed)
        await country.drained(_PATIENCE)
    ours, limits = [percentile(n.visible, 0.99) for n in busy], [percentile(n.visible, 0.99) for n in calm]
    answers = [percentile(n.answers, 0.99) for n in busy], [percentile(n.answers, 0.99) for n in calm]
    imported = figure(IMPORT, rates, [_STEADY_RATE] * len(rates))
    return [figure(NEIGHBOUR, ours, limits), figure(ANSWERS, *answers), imported]


@asynccontextmanager
async def _noticing(country: Country, teams: list[Team], rate: float) -> AsyncIterator[_Noticed]:
    """Meanwhile members of `teams` log `rate` entries a second, each verified at once and waited for."""
    noticed = _Noticed()

    async def one(n: int) -> None:
        team = teams[n % len(teams)]
        person = team.staff[n // len(teams) % len(team.staff)]
        started = time.perf_counter()
        [entry] = await country.log(person, 1)
        logged = time.perf_counter()
        await country.verify(team.superior, [entry])
        accepted = time.perf_counter()
        noticed.answers += [(logged - started) * 1000, (accepted - logged) * 1000]
        await shown(country, person, entry, _PATIENCE)
        noticed.visible.append((time.perf_counter() - accepted) * 1000)

    async def begin(n: int) -> None:
        group.create_task(one(n))

    async with asyncio.TaskGroup() as group:
        load = group.create_task(paced(rate, float("inf"), begin))
        yield noticed
        load.cancel()


async def _import(folder: Path, country: Country, teams: list[Team], turn: int, rows: int) -> None:
    """Run `kinerja import activity` on a file of work of this month, and wait until all of it counts."""
    instansi = teams[0].superior.instansi
    file, mapping = folder / f"import-{turn}.csv", folder / "mapping.yaml"
    mapping.write_text(_MAPPING)
    people = [(f"{at}.{n}", person) for at, team in enumerate(teams) for n, person in enumerate(team.staff, 1)]
    with file.open("w", newline="") as out:
        lines = csv.writer(out)
        lines.writerow(("reference", "who", "day", "quantity", "indicator"))
        for n, (who, person) in zip(range(rows), itertools.cycle(people), strict=False):
            day = country.today.replace(day=n % country.today.day + 1)
            lines.writerow((f"{turn}-{n}", who, day, 1, person.indicators[0]))
    command = (
        "import",
        "activity",
        file,
        "--instansi",
        instansi,
        "--mapping",
        mapping,
        "--data",
        country.embedded.data.root,
    )
    importing = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", *map(str, command)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await importing.communicate()
    if importing.returncode:
        raise Refused(told.decode()[-2000:])
    until = time.monotonic() + _PATIENCE
    while (await country.ask_sql("appraisal", _HEARD, instansi))[0] < (turn + 1) * rows:
        if time.monotonic() > until:
            raise Refused(f"rows imported by {instansi} count in no score after {_PATIENCE} seconds")
        await asyncio.sleep(0.5)
