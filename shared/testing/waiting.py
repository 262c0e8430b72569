"""Waiting for what other processes bring about."""

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 45) -> None:
    """Return once `condition` holds; TimeoutError after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - other processes change it, there is no event to wait for
            await asyncio.sleep(0.05)
