"""Server-sent events for open pages: that there is something new, never what; and how many notices are unread."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from services.portal.account import secrets
from services.portal.live.hub import Hub, Stream
from services.portal.visit import GuestDep, VisitDep
from shared.eventstore.database import Database
from shared.people.queries import reports_of
from shared.web.serving import is_stopping

#: Seconds within which a page must take what it is sent.
_TAKEN = 60
#: What a service told just before the page was asked for may not have been in its answer yet.
_SLACK = timedelta(seconds=1)


@asynccontextmanager
async def telling(app: FastAPI, db: Database) -> AsyncIterator[None]:
    """Pages are told as long as this lasts."""
    hub = app.state.live = Hub(db, lambda: is_stopping(app))
    running = asyncio.create_task(hub.run(), name="live")
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def add(router: APIRouter) -> None:
    """The addresses that live.js asks."""
    router.add_api_route("/live", show, methods=["GET"])
    router.add_api_route("/kotak-masuk/jumlah", count, methods=["GET"])


async def show(visit: GuestDep, sejak: str = "") -> Response:
    """A stream about whoever is signed in and who reports to them; `sejak`: milliseconds since 1970 of what was seen last."""
    if visit.signed is None:
        return Response("event: selesai\ndata:\n\n", media_type="text/event-stream")
    async with visit.db.transaction(visit.instansi) as conn:
        reports = await reports_of(conn, visit.instansi, visit.me, visit.rules.local_date(visit.now))
    stream = Stream(visit.instansi, secrets.digest(visit.cookie), visit.me, reports)
    seen = visit.request.headers.get("last-event-id") or sejak
    return Live(visit.request.app.state.live, stream, _moment(seen) or visit.now)


async def count(visit: VisitDep) -> Response:
    """How many notices are unread, as the menu says it; `text` is empty for none, null while that is not known."""
    text = visit.t("%(count)s belum dibaca", count=visit.unread) if visit.unread else ""
    return JSONResponse({"text": None if visit.unread is None else text})


class Live(Response):
    """The answer that goes on until the page is closed or its time is over."""

    def __init__(self, hub: Hub, stream: Stream, since: datetime) -> None:
        self.status_code, self.media_type, self.background = 200, "text/event-stream", None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._hub, self._stream, self._since = hub, stream, since

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if self._hub.full:
            await Response(status_code=503, headers={"Retry-After": "30"})(scope, receive, send)
            return
        stream = self._stream
        self._hub.enter(stream)
        leaving = asyncio.create_task(_left(receive, stream))
        try:
            if await self._hub.missed(stream, self._since - _SLACK):
                stream.tell("baru")
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            # Those whose connection ends together do not come again together.
            await self._say(send, f"retry: {random.randint(2_000, 12_000)}\n\n")
            while not stream.over:
                match await stream.next():
                    case "baru":
                        await self._say(send, f"event: baru\nid: {_written(datetime.now(UTC))}\ndata:\n\n")
                    case "beat":
                        await self._say(send, ":\n\n")
            await self._say(send, "event: selesai\ndata:\n\n" if stream.over == "done" else "", more=False)
        except TimeoutError:
            pass  # it takes nothing any more
        finally:
            self._hub.leave(stream)
            leaving.cancel()

    async def _say(self, send: Send, text: str, *, more: bool = True) -> None:
        async with asyncio.timeout(_TAKEN):
            await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


async def _left(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end("again")


def _moment(written: str) -> datetime | None:
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(int(written) / 1000, UTC)
    return None


def _written(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
