"""The pull feed: events of one instansi, page by page, for systems that cannot speak NATS."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Annotated
from urllib.parse import quote

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response

from services.feed.event_types import by_stream, checked_types
from services.feed.grant import store
from services.feed.grant.api import Reader
from services.feed.paging import Page, Place, all_lost, next_page
from services.feed.pull.cursor import digest_of, understood, written
from shared.errors import Refusal
from shared.messaging.reading import Extent, Road, RoadAway, open_road
from shared.web.edge import DbDep
from shared.web.settings import Settings

_LOOK_SECONDS = 0.4
#: Further callers who would wait are answered at once: places for those who write are worth more.
_WAITING_AT_ONCE = 200


class CursorGone(Refusal):
    """What the cursor points into was rebuilt, or is older than what is kept: begin again at `bootstrap`."""

    code = "cursor-gone"
    status = 410


class RoadIsAway(Refusal):
    """NATS cannot be reached; the cursor stays good."""

    code = "road-away"
    status = 503


@contextlib.asynccontextmanager
async def _road(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    async with open_road(settings.nats_url, settings.nats_user, settings.nats_password, "feed") as road:
        app.state.road = road
        yield


router = APIRouter(tags=["events"], lifespan=_road)
_waiting = asyncio.Semaphore(_WAITING_AT_ONCE)

_ANSWER = {
    200: {
        "description": "events in the order they were sent, each with its id; some may come twice, all come at least once",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events", "next", "more"],
                    "properties": {
                        "events": {"type": "array", "items": {"type": "object", "description": "a CloudEvent 1.0"}},
                        "next": {"type": "string", "description": "`after` of the next request; also of an empty page"},
                        "more": {"type": "boolean", "description": "whether more is there already"},
                    },
                }
            }
        },
    },
    410: {"description": "begin again at `bootstrap`"},
}


@router.get("/events", response_class=Response, responses=_ANSWER)  # type: ignore[arg-type]
async def events(
    request: Request,
    caller: Reader,
    db: DbDep,
    after: Annotated[str | None, Query(max_length=4000, description="`next` of the answer before")] = None,
    types: Annotated[str | None, Query(max_length=8000, description="with commas between; else all granted")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    wait: Annotated[float, Query(ge=0, le=20, description="seconds to wait for the first event")] = 0,
) -> Response:
    """Events behind the cursor, from the oldest that is kept on without one."""
    asked = None if types is None else checked_types(types.split(","))
    digest = digest_of(caller.instansi, None if asked is None else ",".join(asked))
    places = {} if after is None else understood(digest, after)
    async with db.transaction(caller.instansi) as conn:
        may = await store.demand(conn, caller, asked)
    bootstrap = f"/api/v1/{caller.instansi}/events" + (f"?types={quote(types)}" if types is not None else "")
    question = _Question(request.app.state.road, caller.instansi, may, limit, bootstrap)
    try:
        page = await question.answer(places, wait)
    except RoadAway as error:
        raise RoadIsAway("Coba lagi sebentar. / Try again shortly.") from error
    told = {
        "events": [orjson.Fragment(event.body) for event in page.events],
        "next": written(digest, page.places),
        "more": page.more,
    }
    return Response(orjson.dumps(told), media_type="application/json")


class _Question:
    """One request, asked of the road until there is an answer or the time is over."""

    def __init__(self, road: Road, instansi: str, types: list[str], limit: int, bootstrap: str) -> None:
        self.road, self.instansi, self.types, self.limit, self.bootstrap = road, instansi, types, limit, bootstrap

    async def answer(self, places: Mapping[str, Place], wait: float) -> Page:
        clock = asyncio.get_running_loop().time
        end = clock() + wait
        page, extents = await self._look(places)
        if page.events or page.more or wait <= 0 or _waiting.locked():
            return page
        async with _waiting:
            while not (page.events or page.more) and (left := end - clock()) > 0:
                await asyncio.sleep(min(_LOOK_SECONDS, left))
                now = await self.road.extents(list(by_stream(self.types)))
                # The last look is at the streams themselves: a replica may have told less than the leader knew.
                if now != extents or clock() >= end:
                    page, extents = await self._look(page.places)
        return page

    async def _look(self, places: Mapping[str, Place]) -> tuple[Page, Mapping[str, Extent]]:
        extents = await self.road.extents(list(by_stream(self.types)))
        gone, extents = await all_lost(self.road, places, extents)
        if gone:
            raise CursorGone(
                "Mulai lagi dari alamat bootstrap; abaikan id yang sudah dikenal. / "
                "Begin again at the address in bootstrap; pass over ids you know.",
                bootstrap=self.bootstrap,
                streams=gone,
            )
        page = await next_page(self.road, self.instansi, self.types, places, self.limit, extents)
        return page, extents
