"""Streams read by sequence (batched direct get), without a consumer: nothing is kept for whoever reads, nobody is held up."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from shared.messaging.streams import heed_cancellation
from shared.messaging.subscriber import new_broker, stop_broker

log = structlog.get_logger(__name__)

_AT_ONCE = 256
_BYTES = 4 * 1024 * 1024
_PATIENCE = 5.0
_NO_STREAM = 10059
#: All sent; nothing there. No answer of anybody (503) is an outage: what a place skipped because of it would be lost to it.
_ENDS = ("204", "404")


class RoadAway(OSError):
    """NATS does not answer, or not as it should."""


@dataclass(frozen=True, slots=True)
class Extent:
    """A stream: `born` tells those of one name apart, it holds `first` to `last`, of which the first was sent at `since`.

    `since` is None when it holds nothing.
    """

    born: datetime
    first: int
    last: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the stream keeps it: sent at `at`, for the first time or `again`, by a republish."""

    subject: str
    seq: int
    at: datetime
    again: bool
    body: bytes


async def direct_get(
    client: Client, stream: str, question: Mapping[str, Any], prefix: str = "$JS.API"
) -> tuple[list[Msg], int]:
    """Some messages of a stream from where `question` says on, in order, and how many more there are.

    Each has headers Nats-Subject, Nats-Sequence and Nats-Time-Stamp. NoRespondersError when nobody has the stream now.
    """
    answers, found = await client.subscribe(client.new_inbox()), []
    try:
        asked = orjson.dumps({"batch": _AT_ONCE, "max_bytes": _BYTES, **question})
        await client.publish(f"{prefix}.DIRECT.GET.{stream}", asked, reply=answers.subject)
        while "Nats-Sequence" in (headers := (message := await answers.next_msg(timeout=_PATIENCE)).headers or {}):
            heed_cancellation()
            found.append(message)
    finally:
        await answers.unsubscribe()
    if (status := headers.get("Status")) == "503":
        raise NoRespondersError
    if status not in _ENDS:
        raise NatsError(f"{status} for {stream}")
    return found, int(headers.get("Nats-Num-Pending", 0))


class Road:
    """The streams as one process reads them; while NATS is away everything raises RoadAway."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client
        self._extents: dict[str, tuple[float, Extent | None]] = {}
        self._one_look = asyncio.Lock()

    async def extents(self, streams: Collection[str], age: float = 0.3) -> dict[str, Extent]:
        """Those of the streams that there are, as they were at most `age` seconds ago: many who wait ask once together."""
        async with self._one_look:
            for stream in streams:
                if self._extents.get(stream, (0.0, None))[0] < monotonic() - age:
                    self._extents[stream] = monotonic(), await self._extent(stream)
        found = {stream: self._extents[stream][1] for stream in streams}
        return {stream: extent for stream, extent in found.items() if extent is not None}

    async def read(
        self, stream: str, subject: str, after: int, since: datetime | None = None
    ) -> tuple[list[Sent], bool]:
        """Messages on `subject` (with wildcards) behind sequence `after`, or sent from `since` on; and whether there are more."""
        place = {"seq": after + 1} if since is None else {"start_time": since.astimezone(UTC).isoformat()}
        try:
            found, left = await direct_get(self._connected(), stream, {"next_by_subj": subject} | place)
        except (NatsError, TimeoutError) as error:
            raise RoadAway(f"{stream}: {error!r}") from error
        return [_sent(message) for message in found], left > 0

    async def _extent(self, stream: str) -> Extent | None:
        try:
            answer = await self._connected().request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=_PATIENCE)
        except (NatsError, TimeoutError) as error:
            raise RoadAway(f"{stream}: {error!r}") from error
        told = orjson.loads(answer.data)
        if "error" in told:
            if told["error"].get("err_code") == _NO_STREAM:
                return None
            raise RoadAway(f"{stream}: {told['error']}")
        state = told["state"]
        since = datetime.fromisoformat(state["first_ts"]) if state["messages"] else None
        return Extent(datetime.fromisoformat(told["created"]), state["first_seq"], state["last_seq"], since)

    def _connected(self) -> Client:
        if self.client is None or not self.client.is_connected:
            raise RoadAway("not connected")
        return self.client


@contextlib.asynccontextmanager
async def open_road(url: str, user: str, password: str, name: str) -> AsyncIterator[Road]:
    """The road for service `name`, connected in the background and for as long as the context is open."""
    broker, road = new_broker(url, user, password, name), Road()

    async def connect() -> None:
        while road.client is None:
            try:
                road.client = await broker.connect()
            except NatsError as error:
                log.error("road.refused", error=repr(error))
                await asyncio.sleep(_PATIENCE)

    connecting = asyncio.create_task(connect())
    try:
        yield road
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await stop_broker(broker)


def _sent(message: Msg) -> Sent:
    headers = message.headers or {}
    return Sent(
        headers["Nats-Subject"],
        int(headers["Nats-Sequence"]),
        datetime.fromisoformat(headers["Nats-Time-Stamp"]),
        ":r" in headers.get("Nats-Msg-Id", ""),
        message.data,
    )
