"""Many open pages in one process, as little as each can be: a connection, and the names of the events it heard."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from urllib.parse import urlsplit

R = TypeVar("R")


class OpenPage:
    """One page: how it was answered, what it heard, and whether its connection ended."""

    def __init__(self, status: int, writer: asyncio.StreamWriter) -> None:
        self.status, self.heard, self.ended = status, list[str](), False
        self.writer = writer

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Listen until the end."""
        try:
            while line := await reader.readline():
                if line.startswith(b"event: "):
                    self.heard.append(line.decode().split()[1])
                elif line == b"0\r\n":
                    break
        except ConnectionError:
            pass
        self.ended = True
        self.writer.close()


class OpenPages:
    """Pages of a portal, on an event loop of their own."""

    def __init__(self, url: str, code: str) -> None:
        self._place, self._code = urlsplit(url), code
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._reading: set[asyncio.Task[None]] = set()
        self.pages: list[OpenPage] = []

    def open(self, cookie: str, since: float) -> OpenPage:
        """Open one; returns when it was answered. `since` in seconds since 1970."""
        page = self._run(lambda: self._open(cookie, since))
        self.pages.append(page)
        return page

    async def _open(self, cookie: str, since: float) -> OpenPage:
        reader, writer = await asyncio.open_connection(self._place.hostname, self._place.port, limit=2**14)
        lines = [f"GET /i/{self._code}/live?sejak={int(since * 1000)} HTTP/1.1", f"Host: {self._place.netloc}"]
        lines += [f"Cookie: kinerja={cookie}", "Accept: text/event-stream", "", ""]
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        page = OpenPage(int(head.split()[1]), writer)
        task = self._loop.create_task(page.read(reader))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
        return page

    def close(self) -> None:
        """Close every page."""

        async def end() -> None:
            for task in self._reading:
                task.cancel()
            await asyncio.gather(*self._reading, return_exceptions=True)
            for page in self.pages:
                page.writer.close()

        self._run(end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(60)
