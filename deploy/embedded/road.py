"""The embedded system's deploy step for JetStream, taken again whenever streams or durables are gone."""

import asyncio
from collections.abc import Sequence
from typing import Any

from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError

from shared.messaging import streams

_SECONDS = 2.0
_PATIENCE = 10.0


async def declare(login: tuple[str, str, str], services: Sequence[str], hears: Sequence[streams.Subscription]) -> None:
    """Declare every stream and durable; what is there follows this version."""
    client = await streams.connect(*login)
    try:
        await streams.apply(client.jetstream(), services, hears)
    finally:
        await client.close()


async def keep(login: tuple[str, str, str], services: Sequence[str], hears: Sequence[streams.Subscription]) -> None:
    """Declare again what an operator or a lost store took away; the relays then fill it by themselves. Never returns."""
    wanted = {*(service.upper() for service in services), *(each.durable for each in hears)}
    while True:
        await asyncio.sleep(_SECONDS)
        try:
            async with asyncio.timeout(_PATIENCE):
                if wanted - await _there(login, services):
                    await declare(login, services, hears)
        except (NatsError, OSError, TimeoutError):
            continue  # NATS is away: its own line on the screen says so


async def _there(login: tuple[str, str, str], services: Sequence[str]) -> set[str]:
    client = await streams.connect(*login)
    try:
        return {name for service in services for name in await _names(client.jetstream(), service.upper())}
    finally:
        await client.close()


async def _names(js: JetStreamContext, stream: str) -> set[Any]:
    try:
        return {stream, *(info.name for info in await js.consumers_info(stream))}
    except NotFoundError:
        return set()
