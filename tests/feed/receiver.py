"""A receiver of webhooks that can be slow, break, refuse, or be away; it verifies with somebody else's library."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

#: What to answer to the event that came for the how many-th time (from 1): a status, or `crash` or `hang`.
Manner = Callable[[dict[str, Any], int], int | str]


def friendly(_event: dict[str, Any], _time: int) -> int | str:
    """Takes everything."""
    return 204


@dataclass
class Receiver:
    """On 127.0.0.1:`port`; `secrets` are those it verifies with, `came` counts arrivals of each id, `took` those accepted."""

    manner: Manner = friendly
    secrets: list[str] = field(default_factory=list)
    port: int = 0
    came: Counter[str] = field(default_factory=Counter)
    took: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _server: asyncio.Server | None = None
    _hanging: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/kinerja?from=feed"

    async def open(self) -> None:
        """Listen, at the port it had before if any."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.close()
            for writer in set(self._hanging):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hanging.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._hanging.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = await self._judge(head[0], headers, body)
        finally:
            self.at_once -= 1
        if answer == "crash":
            return False
        if answer == "hang":
            await asyncio.sleep(3600)
        where = (
            {301: "http://127.0.0.1:1/", 302: "mailto:x", 307: "http:y"}.get(answer)
            if isinstance(answer, int)
            else None
        )
        where = f"Location: {where}\r\n" if where else ""
        writer.write(f"HTTP/1.1 {answer} X\r\n{where}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        return True

    async def _judge(self, line: str, headers: dict[str, str], body: bytes) -> int | str:
        event = orjson.loads(body)
        if line != "POST /kinerja?from=feed HTTP/1.1" or headers["host"] != f"127.0.0.1:{self.port}":
            self.problems.append(line)
        if headers["webhook-id"] != event["id"] or headers["content-type"] != "application/cloudevents+json":
            self.problems.append(f"headers of {event['id']}")
        try:
            for secret in self.secrets:
                Webhook(secret).verify(body, headers)
        except WebhookVerificationError as error:
            self.problems.append(str(error))
            return 401
        self.came[event["id"]] += 1
        answer = self.manner(event, self.came[event["id"]])
        await asyncio.sleep(0.01)
        if isinstance(answer, int) and 200 <= answer < 300:
            self.took.append(event["id"])
        return answer
