"""HTTP load that costs little itself: requests made beforehand over connections kept alive, in a process of its own."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

import orjson
import uvloop

CONNECTIONS = 32


def request(method: str, path: str, token: str, body: Any = None) -> bytes:
    """The bytes of one HTTP/1.1 request with a bearer token and, unless None, a JSON body."""
    content = b"" if body is None else orjson.dumps(body)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Answer(NamedTuple):
    """Status and raw body."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One connection to 127.0.0.1, on which one request at a time is under way."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[Answer] | None = None
        self._transport: asyncio.WriteTransport | None = None

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connected; OSError when nobody listens."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    async def send(self, raw: bytes) -> Answer:
        """What is answered to `raw`; ConnectionError when the server goes away before."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(raw)
        return await self._waiting

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by inheritance

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError("the server went away"))

    def data_received(self, data: bytes) -> None:
        """asyncio: an answer is complete when its Content-Length is there; our services always send one."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or self._waiting is None or self._waiting.done():
            return
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) >= length:
            self._received = body[length:]
            self._waiting.set_result(Answer(int(head[9:12]), body[:length]))


@dataclass(slots=True)
class Driven:
    """What came of a drive: its length in seconds, answers by status, milliseconds of each, one body that was no 2xx."""

    seconds: float = 0
    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    complaint: str = ""

    @property
    def rate(self) -> float:
        """Requests a second; RuntimeError when one of them was refused."""
        if self.complaint:
            raise RuntimeError(f"answers {dict(self.statuses)}, one of them: {self.complaint}")
        return self.statuses.total() / self.seconds


async def drive(port: int, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Driven:
    """Send all of `requests` to 127.0.0.1:`port`, `connections` at a time."""
    opened = [await Connection.open(port) for _ in range(connections)]
    driven, rest = Driven(), iter(requests)
    started = time.perf_counter()
    try:
        await asyncio.gather(*(_send(connection, rest, driven) for connection in opened))
    finally:
        for connection in opened:
            connection.close()
    driven.seconds = time.perf_counter() - started
    return driven


async def _send(connection: Connection, requests: Iterator[bytes], driven: Driven) -> None:
    for raw in requests:
        sent = time.perf_counter()
        status, body = await connection.send(raw)
        driven.milliseconds.append((time.perf_counter() - sent) * 1000)
        driven.statuses[status] += 1
        if status >= 300 and not driven.complaint:
            driven.complaint = body.decode()


def _drive(port: int, requests: Sequence[bytes], connections: int) -> Driven:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(drive(port, requests, connections))


class Driver:
    """A process that drives load, so that its work does not stand in the way of what is measured."""

    def __enter__(self) -> Self:
        self._pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    async def drive(self, port: int, requests: Sequence[bytes], connections: int = CONNECTIONS) -> Driven:
        """The same as `drive`, over there."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _drive, port, requests, connections)
