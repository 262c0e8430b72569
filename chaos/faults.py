"""What is done to the system: each fault strikes once and returns when it is over."""

import asyncio
import os
import random
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from nats.errors import Error as NatsError

from chaos.system import System
from cli.system import nats_login
from deploy.services import service_names
from shared.ids import fresh_id
from shared.messaging.streams import connect
from shared.testing.waiting import until

FREEZE_SECONDS = 10.0
_JUMP_SECONDS = 8.0
_FULL_SECONDS = 8.0
_AGAIN = 150
_RELAY = "relay of "
_PATIENCE = 180.0


class Fault(Protocol):
    """`kind` groups faults in the report, `kills` is how many processes die of it."""

    @property
    def kind(self) -> str: ...

    @property
    def kills(self) -> int: ...

    async def strike(self, system: System) -> None:
        """Returns at the fault's end."""


@dataclass(frozen=True)
class Kill:
    """SIGKILL of some processes, the next while the system still recovers from the one before."""

    victims: tuple[str, ...]
    pauses: tuple[float, ...]
    kind: str = "kill"

    @property
    def kills(self) -> int:
        """One for each victim."""
        return len(self.victims)

    async def strike(self, system: System) -> None:
        """Whoever is away just now is killed as soon as it is back."""
        for victim, pause in zip(self.victims, self.pauses, strict=True):
            await asyncio.sleep(pause)
            await _killed(system, victim)

    def __str__(self) -> str:
        return f"SIGKILL of {', '.join(self.victims)}"


async def _killed(system: System, victim: str) -> None:
    """Kill the process of `victim`; that of a relay is whoever leads it, once somebody does."""

    async def killed() -> bool:
        name = await system.leader(victim.removeprefix(_RELAY)) if victim.startswith(_RELAY) else victim
        return name is not None and system.send(name, signal.SIGKILL)

    await until(killed, _PATIENCE)


@dataclass(frozen=True)
class Freeze:
    """SIGSTOP for ten seconds: the process neither answers nor ends."""

    victim: str
    kind: str = "freeze"
    kills: int = 0

    async def strike(self, system: System) -> None:
        """Goes on in any case."""
        pids = await _stopped(system, self.victim)
        try:
            await asyncio.sleep(FREEZE_SECONDS)
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    def __str__(self) -> str:
        return f"SIGSTOP of {self.victim} for {FREEZE_SECONDS:g} s"


async def _stopped(system: System, victim: str) -> Sequence[int]:
    """Stop every process of the victim: a server's children may be born until all stand."""
    stopped: set[int] = set()
    while fresh := set(system.pids(victim)) - stopped:
        for pid in sorted(fresh):
            _signal(pid, signal.SIGSTOP)
        stopped |= fresh
    return sorted(stopped)


def _signal(pid: int, sign: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, sign)


@dataclass(frozen=True)
class Wipe:
    """Every stream and durable is gone: the server's store with the server, or deleted by an operator while it runs."""

    by: str
    kind: str = "wipe"

    @property
    def kills(self) -> int:
        """The server dies with its store."""
        return int(self.by == "store")

    async def strike(self, system: System) -> None:
        """Nobody else declares anything again."""
        if self.by == "store":
            store, gone = system.data.root / "nats" / "store", system.folder / f"gone-{fresh_id()}"
            await _killed(system, "nats")
            store.rename(gone)  # at once, before the supervisor starts the server again
            await asyncio.to_thread(shutil.rmtree, gone)
            return
        client = await connect(*nats_login(system.data), max_reconnect_attempts=20)
        try:
            for service in service_names():
                await client.jetstream().delete_stream(service.upper())
        finally:
            await client.close()

    def __str__(self) -> str:
        return "JetStream wiped" + (" by an operator" if self.by == "operator" else ": killed, its store removed")


@dataclass(frozen=True)
class FullDisk:
    """PostgreSQL has no free byte for some seconds."""

    kind: str = "full-disk"
    kills: int = 0

    async def strike(self, system: System) -> None:
        """What PostgreSQL frees meanwhile is taken too."""
        try:
            for _ in range(int(_FULL_SECONDS * 2)):
                await asyncio.to_thread(system.fill_disk)
                await asyncio.sleep(0.5)
        finally:
            system.free_disk()

    def __str__(self) -> str:
        return f"PostgreSQL's disk full for {_FULL_SECONDS:g} s"


@dataclass(frozen=True)
class Jump:
    """The wall clock of a process is an hour off for some seconds; its monotonic clock is not."""

    victim: str
    seconds: int
    kind: str = "clock"
    kills: int = 0

    async def strike(self, system: System) -> None:
        """Afterwards it is right again, which is a jump too."""
        system.turn(self.victim, self.seconds)
        try:
            await asyncio.sleep(_JUMP_SECONDS)
        finally:
            system.turn(self.victim, 0)
        await asyncio.sleep(1.1)  # until the process looks at its clock again

    def __str__(self) -> str:
        return f"clock of {self.victim} {self.seconds / 3600:+g} h"


@dataclass(frozen=True)
class Again:
    """Messages from anywhere in the streams come again, shuffled, under ids that the server does not know."""

    seed: int
    kind: str = "again"
    kills: int = 0

    async def strike(self, system: System) -> None:
        """As the admin of NATS, who may publish anything."""
        rng = random.Random(self.seed)
        client = await connect(*nats_login(system.data), max_reconnect_attempts=20)
        js = client.jetstream()
        try:
            kept = []
            for service in service_names():
                state = (await js.stream_info(service.upper())).state
                places = [rng.randint(state.first_seq, state.last_seq) for _ in range(min(_AGAIN, state.messages))]
                kept += [await js.get_msg(service.upper(), place) for place in places]
            rng.shuffle(kept)
            for each in kept:
                headers = {"Nats-Msg-Id": str(fresh_id()), "Content-Type": "application/cloudevents+json"}
                await js.publish(str(each.subject), each.data or b"", headers=headers)
        except NatsError as error:
            raise RuntimeError(f"could not deliver again: {error!r}") from error
        finally:
            await client.close()

    def __str__(self) -> str:
        return "duplicates, shuffled"


def schedule(rng: random.Random, replicas: Sequence[str], seconds: float, left_out: Sequence[str]) -> list[Fault]:
    """What strikes in `seconds`, in this order: the same for the same generator and arguments."""
    share = seconds / 600
    services = list(service_names())
    found: list[Fault] = _kills(rng, replicas, max(3, round(52 * share)))
    frozen = [rng.choice(services), "nats", "postgres", *rng.choices(replicas, k=5)]
    found += [Freeze(victim) for victim in frozen[: _times(6, share)]]
    found += [Wipe(by) for by in ("store", "operator", "store")[: _times(3, share)]]
    found += [FullDisk() for _ in range(_times(2, share))]
    clocks = [rng.choice(replicas), "postgres", *rng.choices(replicas, k=4)]
    found += [Jump(victim, rng.choice((3600, -3600))) for victim in clocks[: _times(4, share)]]
    found += [Again(rng.getrandbits(32)) for _ in range(_times(4, share))]
    rng.shuffle(found)
    return [fault for fault in found if fault.kind not in left_out]


def _times(often: int, share: float) -> int:
    return max(1, round(often * share))


def _kills(rng: random.Random, replicas: Sequence[str], count: int) -> list[Fault]:
    """Everybody in turn, in an order that is drawn anew each turn, one to three at a time."""
    everybody = [*replicas, *(f"{_RELAY}{service}" for service in service_names()), "nats", "postgres", "postgres"]
    deck: list[str] = []
    while len(deck) < count:
        deck += rng.sample(everybody, len(everybody))
    found: list[Fault] = []
    while deck and count > 0:
        size = min(count, rng.randint(1, 3))
        victims, deck, count = tuple(deck[:size]), deck[size:], count - size
        found.append(Kill(victims, (0.0, *(rng.uniform(0, 2) for _ in victims[1:]))))
    return found
