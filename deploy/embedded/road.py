"""The embedded system's deploy step for JetStream, taken again whenever streams or durables are gone."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from nats.aio.client import Client
from nats.errors import Error as NatsError

from deploy.nats import grants
from deploy.nats.description import Subscriber
from shared.messaging import streams

_SECONDS = 2.0
_PATIENCE = 10.0


@dataclass(frozen=True)
class Road:
    """What there is to be: the streams of `services`, the durables of `hears`, and those of the subscribers outside."""

    login: tuple[str, str, str]
    services: Sequence[str]
    hears: Sequence[streams.Subscription]
    outside: Callable[[], Mapping[str, Subscriber]]

    async def declare(self) -> None:
        """Declare every stream and durable; what is there follows this version."""
        client = await streams.connect(*self.login)
        try:
            await streams.apply(client.jetstream(), self.services, self.hears)
            await self._grant(client)
        finally:
            await client.close()

    async def keep(self) -> None:
        """Declare again what an operator or a lost store took away; the relays then fill it by themselves. Never returns."""
        while True:
            await asyncio.sleep(_SECONDS)
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self._look()
            except (NatsError, OSError, TimeoutError):
                continue  # NATS is away: its own line on the screen says so

    async def _look(self) -> None:
        client = await streams.connect(*self.login)
        try:
            there = set()
            for service in self.services:
                if (durables := await grants.durables(client, service.upper())) is not None:
                    there |= {service.upper(), *(str(each.name) for each in durables)}
            if {*(service.upper() for service in self.services), *(each.durable for each in self.hears)} - there:
                await streams.apply(client.jetstream(), self.services, self.hears)
            await self._grant(client)
        finally:
            await client.close()

    async def _grant(self, client: Client) -> None:
        await grants.apply(client, [service.upper() for service in self.services], self.outside())
