"""A process takes as many requests as it can answer soon; whoever comes beyond is told at once to come back."""

import asyncio
from collections.abc import AsyncIterator

import httpx
from fastapi import APIRouter, FastAPI
from starlette.responses import StreamingResponse

from shared.web.app import create_app
from shared.web.keys import KeySource
from shared.web.tokens import DEVELOPMENT_ISSUER, TokenVerifier
from tests.shared.web.conftest import Health, Token


def crowded(key_file: object, entered: asyncio.Semaphore, gate: asyncio.Event) -> FastAPI:
    router = APIRouter()

    @router.post("/slow")
    async def slow(body: dict[str, int]) -> int:
        entered.release()
        await gate.wait()
        return body["number"]

    @router.get("/events")
    async def events() -> StreamingResponse:
        async def told() -> AsyncIterator[str]:
            entered.release()
            await gate.wait()
            yield "data:\n\n"

        return StreamingResponse(told(), media_type="text/event-stream")

    health = Health()
    return create_app(
        name="things",
        title="Things",
        version="1",
        routers=[router],
        tokens=TokenVerifier(KeySource(str(key_file)), issuers=[DEVELOPMENT_ISSUER], environment="embedded"),
        readiness=health.readiness,
        status=health.status,
        at_once=3,
    )


async def test_beyond_the_limit_callers_are_sent_away_and_places_become_free_again(
    key_file: object, token: Token
) -> None:
    entered, gate = asyncio.Semaphore(0), asyncio.Event()
    app = crowded(key_file, entered, gate)
    headers = token("staff")
    url = "/api/v1/medan/slow"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://things") as client:
        inside = [asyncio.create_task(client.post(url, json={"number": n}, headers=headers)) for n in range(3)]
        for _ in inside:
            await entered.acquire()
        refused = await client.post(url, json={"number": 9}, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (503, "too-many-at-once")
        assert int(refused.headers["retry-after"]) > 0
        assert (await client.get("/healthz")).status_code == 200
        inside.pop().cancel()
        await asyncio.sleep(0)
        inside.append(asyncio.create_task(client.post(url, json={"number": 7}, headers=headers)))
        await entered.acquire()
        gate.set()
        answers = await asyncio.gather(*inside)
        assert [answer.json() for answer in answers] == [0, 1, 7]
        assert (await client.post(url, json={"number": 8}, headers=headers)).json() == 8


async def test_streams_of_events_take_no_place_once_they_have_begun(key_file: object, token: Token) -> None:
    entered, gate = asyncio.Semaphore(0), asyncio.Event()
    headers, transport = token("staff"), httpx.ASGITransport(crowded(key_file, entered, gate))
    async with httpx.AsyncClient(transport=transport, base_url="http://things/api/v1/medan") as client:
        streams = [asyncio.create_task(client.get("/events", headers=headers)) for _ in range(3)]
        for _ in streams:
            await entered.acquire()
        slow = [asyncio.create_task(client.post("/slow", json={"number": n}, headers=headers)) for n in range(3)]
        for _ in slow:
            await entered.acquire()
        assert (await client.get("/events", headers=headers)).status_code == 503
        gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*streams, *slow)] == [200] * 6
        assert (await client.post("/slow", json={"number": 8}, headers=headers)).json() == 8
