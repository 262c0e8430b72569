"""The service as it runs: two processes of its own on real NATS and PostgreSQL, killed in the middle of delivering."""

import signal

import httpx

from shared.testing.waiting import until
from shared.web.development import development_token
from tests.feed.conftest import KEY, SCORE, VERIFIED, Feed, ids
from tests.feed.process import Process
from tests.feed.receiver import Receiver
from tests.feed.webhooks import register


async def test_killed_again_and_again_two_processes_deliver_every_event_and_stop_at_the_last(
    feed: Feed, processes: list[Process]
) -> None:
    receiver = Receiver()
    await receiver.open()
    id = await register(feed, receiver, [VERIFIED, SCORE])
    told: list[str] = []

    async def taken(enough: int) -> bool:
        return len(set(receiver.took)) >= enough

    for process in processes:
        await process.start()
        before = len(set(receiver.took))
        told += await feed.tell(VERIFIED, 120)
        # What a killed one had in hand waits for the end of its lease.
        await feed.rows("UPDATE endpoint SET leased_until = now()")
        await until(lambda before=before: taken(before + 20), seconds=120)  # type: ignore[misc]
        await process.end(signal.SIGKILL)
    for process in processes:
        await process.start()
    told += await feed.tell(SCORE, 30)
    await feed.rows("UPDATE endpoint SET leased_until = now()")
    await until(lambda: taken(len(told)), seconds=180)
    assert set(receiver.took) == set(told)
    assert receiver.problems == []

    async def idle() -> bool:
        rows = await feed.rows("SELECT lease FROM endpoint")
        return rows == [(None,)] and not await feed.rows("SELECT 1 FROM delivery WHERE status = 'waiting'")

    await until(idle, seconds=120)
    assert (await feed.ok("GET", f"/webhooks/{id}"))["status"] == "active"
    await _pulls(processes[0], told)
    ended = [await process.end(signal.SIGTERM) for process in processes]
    assert ended == [-signal.SIGTERM] * 2, "asked to, it ends in order and then by the signal"
    await receiver.close()


async def _pulls(process: Process, told: list[str]) -> None:
    """The pull feed of the running process has the same events."""
    token = development_token(KEY, instansi="medan", roles=["auditor"])
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=process.url, headers=headers, trust_env=False, timeout=30) as client:

        async def ready() -> bool:
            return (await client.get("/readyz")).is_success

        await until(ready, seconds=120)
        found: list[str] = []
        after = ""
        while True:
            page = (await client.get(f"/api/v1/medan/events?limit=200{after}")).raise_for_status().json()
            found += ids(page)
            after = f"&after={page['next']}"
            if not page["more"]:
                break
    assert found == told
