"""Webhooks as tests make them, and the job that delivers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from services.feed.webhook.address import Rules
from services.feed.webhook.courier import Courier
from services.feed.webhook.keyring import Keyring
from services.feed.webhook.sending import Sender
from shared.ids import fresh_id
from shared.testing.waiting import until
from tests.feed.conftest import GAP, SCORE, VERIFIED, Feed
from tests.feed.receiver import Receiver

ALL = [VERIFIED, SCORE, GAP]


@asynccontextmanager
async def delivering(feed: Feed, key: str) -> AsyncIterator[None]:
    """The job at work."""
    job = Courier(feed.worker, feed.road, Sender(Rules(local_http=True)), Keyring([key]))
    running = asyncio.create_task(job.run())
    try:
        yield
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def register(feed: Feed, receiver: Receiver, types: list[str] | None = None, **more: Any) -> UUID:
    """A webhook of hr's (or of `subject`'s) to the receiver, which verifies with its secret."""
    id, body = fresh_id(), {"url": receiver.url, "types": types or ALL} | more.pop("body", {})
    made = await feed.call("PUT", f"/webhooks/{id}", json=body, **more)
    assert made.status_code == 201, made.text
    receiver.secrets.append((await feed.ok("GET", f"/webhooks/{id}/secret", **more))["secret"])
    return id


async def took(receiver: Receiver, ids: list[str]) -> None:
    """Wait until the receiver has taken them all."""

    async def all_there() -> bool:
        return set(ids) <= set(receiver.took)

    await until(all_there, seconds=120)


async def hurry(feed: Feed) -> None:
    """What is tried again later is tried again now."""
    await feed.rows("UPDATE delivery SET due_at = now() WHERE status = 'waiting'")


async def shown(feed: Feed, id: UUID, **expected: Any) -> dict[str, Any]:
    """The webhook, once it is as expected."""
    found: dict[str, Any] = {}

    async def so() -> bool:
        found.update(await feed.ok("GET", f"/webhooks/{id}"))
        return {name: found[name] for name in expected} == expected

    await until(so, seconds=120)
    return found
