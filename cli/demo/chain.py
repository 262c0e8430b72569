"""How far the chain is, and what went through it: asked of the services and of the public feed, never of the demo."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import httpx
import orjson
from nats.aio.client import Client
from nats.errors import Error as NatsError

from cli.events import read, reader
from cli.system import System, Unreachable, mint
from deploy.nats.access import PREFIX

STREAMS = ("directory", "activity", "appraisal", "training")
_IDLE_PATIENCE = 900
_TOKEN_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Look:
    """The chain at one moment. `told` counts messages by type; `lag` and `outbox` are by service."""

    at: float
    told: Mapping[str, int] = field(default_factory=dict)
    lag: Mapping[str, int] = field(default_factory=dict)
    outbox: Mapping[str, int] = field(default_factory=dict)
    dead_letters: int = 0
    notices: int = 0
    mails: Mapping[str, int] = field(default_factory=dict)
    silent: tuple[str, ...] = ()

    @property
    def busy(self) -> int:
        """What is on its way between services: outbox rows and unheard messages; one more for each that is silent."""
        return sum(self.lag.values()) + sum(self.outbox.values()) + len(self.silent)


class Chain(AbstractAsyncContextManager["Chain"]):
    """Looks at a system whose agencies are `instansi`."""

    def __init__(self, system: System, instansi: Iterable[str]) -> None:
        self._system, self._instansi = system, list(instansi)
        self._http = httpx.AsyncClient(timeout=20, trust_env=False)
        self._open = AsyncExitStack()
        self._client: Client | None = None
        self._tokens = {code: mint(system.data, code, ["system"], None, _TOKEN_LIFE) for code in self._instansi}

    async def __aenter__(self) -> Self:
        try:
            self._client = await self._open.enter_async_context(reader(self._system.data))
        except (OSError, NatsError, TimeoutError) as error:
            raise Unreachable(f"NATS refused or does not answer: {error!r}") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()
        await self._open.aclose()

    async def look(self) -> Look:
        """The chain now."""
        states = dict(zip(self._system.services, await self._ask_all("/status"), strict=True))
        numbers = [await self._statistics(instansi) for instansi in self._instansi]
        mails: Counter[str] = Counter()
        for each in numbers:
            mails.update(each.get("mails", {}))
        known = {name: state for name, state in states.items() if state}
        return Look(
            at=time.monotonic(),
            told=await self._told(),
            lag={name: await self._lag(state["lag"]) for name, state in known.items()},
            outbox={name: state["outbox_rows"] for name, state in known.items()},
            dead_letters=sum(state["dead_letters"] for state in known.values()),
            notices=sum(each.get("notices", 0) for each in numbers),
            mails=mails,
            silent=tuple(name for name, state in states.items() if not state),
        )

    async def until_idle(self, *, mails: bool = False) -> Look:
        """Wait until looks one after the other find nothing on its way (`mails`: nor waiting to be sent) and nothing new.

        Unreachable after a quarter of an hour.
        """
        until, seen = time.monotonic() + _IDLE_PATIENCE, list[Look]()
        while time.monotonic() < until:
            now = await self.look()
            busy = now.busy + (now.mails.get("waiting", 0) if mails else 0)
            same = not seen or (now.told, now.notices) == (seen[-1].told, seen[-1].notices)
            seen = [*seen, now] if same and not busy else []
            if len(seen) == 3:
                return now
            await asyncio.sleep(0.3)
        raise Unreachable(f"The chain did not become idle within {_IDLE_PATIENCE} seconds; see `kinerja status`.")

    async def until_heard(self, service: str, by: str) -> None:
        """Wait until `by` has settled everything that `service` told so far."""
        while True:
            state = await self._ask(f"{self._system.service(service)}/status")
            if state and not state["outbox_rows"] and not await self._lag([f"{by}--{service}--people"]):
                return
            await asyncio.sleep(0.2)

    async def sources(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The newest message of every source by what it is about (the type without its last word), from the whole feed."""
        assert self._client is not None
        newest: dict[str, dict[str, dict[str, Any]]] = {}
        for stream in STREAMS:
            async for message in read(self._client, stream):
                document = orjson.loads(message.data)
                about = document["type"].removeprefix("id.go.kinerja.").rsplit(".", 2)[0]
                known = newest.setdefault(about, {})
                key = f"{document['instansi']} {document['subject']}"
                if key not in known or _order(known[key]) < _order(document):
                    known[key] = document
        return newest

    async def _told(self) -> dict[str, int]:
        """Messages by type (`activity.entry.logged`), over all agencies."""
        assert self._client is not None
        counts: Counter[str] = Counter()
        for stream in STREAMS:
            try:
                info = await self._client.jetstream(prefix=PREFIX).stream_info(stream.upper(), subjects_filter=">")
            except (NatsError, TimeoutError, OSError):
                continue
            for subject, count in (info.state.subjects or {}).items():
                counts[subject.split(".", 2)[2].rsplit(".", 1)[0]] += count
        return dict(counts)

    async def _lag(self, durables: Iterable[str]) -> int:
        """What a service has not settled yet, as the server counts it now."""
        assert self._client is not None
        js, total = self._client.jetstream(prefix=PREFIX), 0
        for durable in durables:
            try:
                info = await js.consumer_info(durable.split("--")[1].upper(), durable)
                total += (info.num_pending or 0) + (info.num_ack_pending or 0)
            except (NatsError, TimeoutError, OSError):
                total += 1
        return total

    async def _ask_all(self, path: str) -> list[dict[str, Any] | None]:
        return await asyncio.gather(*(self._ask(f"{url}{path}") for url in self._system.services.values()))

    async def _ask(self, url: str, **headers: str) -> dict[str, Any] | None:
        try:
            answer = await self._http.get(url, headers=headers)
            return dict(answer.raise_for_status().json())
        except (httpx.HTTPError, ValueError):
            return None

    async def _statistics(self, instansi: str) -> dict[str, Any]:
        if "notification" not in self._system.services:
            return {}
        url = f"{self._system.service('notification')}/api/v1/{instansi}/statistics"
        return await self._ask(url, Authorization=f"Bearer {self._tokens[instansi]}") or {}


def _order(document: Mapping[str, Any]) -> tuple[int, int]:
    return document["epoch"], document["sourceversion"]
