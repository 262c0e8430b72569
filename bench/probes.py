"""What people notice while others work: how fresh a score is, and how long reading takes. Times are in milliseconds."""

import asyncio
import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from math import ceil
from pathlib import Path

from bench.country import Country, Person, Refused, Team

BATCH = 20
_PATIENCE = 60


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all values do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * share) - 1)]


async def paced(rate: float, seconds: float, act: Callable[[int], Awaitable[None]]) -> None:
    """Begin `act` so many times a second, however long each takes; all are over on return."""
    loop, started = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as group:
        for n in count():
            await asyncio.sleep(started + n / rate - loop.time())
            if loop.time() - started >= seconds:
                return
            group.create_task(act(n))  # type: ignore[arg-type]


async def freshness(country: Country, teams: Sequence[Team], rate: float, seconds: float) -> tuple[int, list[float]]:
    """Log and verify `rate` entries a second in batches of 20: how many, and from accepted until the score shows it.

    Every second batch is followed: from the answer to its verification until the review that counts it can be read.
    """
    seen: list[float] = []
    begun = 0

    async def one(n: int) -> None:
        nonlocal begun
        begun += 1
        team = teams[n % len(teams)]
        person = team.staff[n // len(teams) % len(team.staff)]
        entries = await country.log(person, BATCH)
        await country.verify(team.superior, entries)
        accepted = time.perf_counter()
        if n % 2 == 0:
            await shown(country, person, entries[-1])
            seen.append((time.perf_counter() - accepted) * 1000)

    await paced(rate / BATCH, seconds, one)
    return begun * BATCH, seen


async def shown(country: Country, person: Person, entry: str, patience: float = _PATIENCE) -> None:
    """Wait until the review of `person` counts a verified entry. Refused after `patience` seconds."""
    until = time.monotonic() + patience
    while (await country.ask("appraisal", "GET", person, f"/reviews/{person.id}/{country.period}?wait={entry}@2"))[
        "stale"
    ]:
        if time.monotonic() > until:
            raise Refused(f"{entry} was verified and counts in no score after {patience} seconds")


@asynccontextmanager
async def reading(country: Country, rate: float) -> AsyncIterator[dict[str, list[float]]]:
    """Meanwhile read each of these `rate` times a second: own entries, own review, verification queue; times by kind."""
    times: dict[str, list[float]] = defaultdict(list)

    async def begin(n: int) -> None:
        group.create_task(_read(country, n, times))

    async with asyncio.TaskGroup() as group:
        load = group.create_task(paced(rate, float("inf"), begin))
        yield times
        load.cancel()


async def _read(country: Country, n: int, times: dict[str, list[float]]) -> None:
    team = country.teams[n % len(country.teams)]
    person = team.staff[n // len(country.teams) % len(team.staff)]
    day = country.today
    for kind, service, who, path in (
        ("entries", "activity", person, f"/entries?from={day.replace(day=1)}&to={day}"),
        ("review", "appraisal", person, f"/reviews/{person.id}/{country.period}"),
        ("queue", "activity", team.superior, "/verification-queue"),
    ):
        started = time.perf_counter()
        await country.ask(service, "GET", who, path)
        times[kind].append((time.perf_counter() - started) * 1000)


def bare(folder: Path, rounds: int) -> list[float]:
    """One fsync of a small file and two hops there and back on the loopback, by themselves."""
    ours, theirs = _tcp_pair()
    threading.Thread(target=_echo, args=(theirs,), daemon=True).start()
    found = []
    with ours, (folder / "bare").open("wb") as file:
        for _ in range(rounds):
            started = time.perf_counter()
            file.write(bytes(512))
            file.flush()
            os.fsync(file.fileno())
            for _ in range(2):
                ours.sendall(b"x" * 512)
                ours.recv(512, socket.MSG_WAITALL)
            found.append((time.perf_counter() - started) * 1000)
    return found


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    for each in (ours, theirs):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


def _echo(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(512):
            connection.sendall(data)
