"""Work killed before every single write it makes to a socket or a file, one after the other.

The work runs in a forked child (what the parent has imported is there at once) which counts what it writes: data on a
TCP connection, bytes of a file, a file removed or cut. The n-th child is killed by SIGKILL in place of its n-th write,
for n = 1, 2, … until one is not killed: then every boundary between two writes has been met, whatever the code between
them looks like.
"""

import asyncio
import io
import os
import pathlib
import signal
import socket
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine, Iterator
from itertools import count
from typing import Any

Work = Callable[[], Coroutine[Any, Any, object] | None]
#: Asked by the parent whether work that never ends by itself has done what it had to.
Done = Callable[[], bool]

_PATIENCE = 60.0
_MOST = 400


class Undone(AssertionError):
    """The work failed, or did not end."""


def killed_at_every_write(
    work: Work, done: Done | None = None, *, since: str = "", only: str = "", torn: bool = False
) -> Iterator[list[str]]:
    """Run `work` in a child that is killed in place of its n-th write, for every n, counted from the first that holds `since`.

    After each the caller is given what the child wrote; the last of it is what it died of. It then looks what is there, does
    the work over, and prepares the next round. The last round's child was not killed. With `only` writes that do not hold it
    do not count. With `torn` half of the n-th write is still written.
    """
    for n in count(1):
        assert n < _MOST, "the work has no end"
        died, writes = _child(work, done, _Boundaries(since, n, only=only, torn=torn))
        assert len(writes) == n or not died
        yield writes
        if not died:
            return


def _child(work: Work, done: Done | None, boundaries: "_Boundaries") -> tuple[bool, list[str]]:
    with tempfile.TemporaryFile() as told:
        pid = os.fork()
        if pid == 0:
            _live(work, boundaries, told.fileno())
        try:
            status = _watched(pid, done)
        except BaseException:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        told.seek(0)
        writes = told.read().decode(errors="backslashreplace").split("\0")[:-1]
    if status is None or (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0):
        return False, writes
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True, writes
    raise Undone("\n".join(writes[-3:]))


def _watched(pid: int, done: Done | None) -> int | None:
    """How the child ended; None when it was ended because its work was done."""

    until = time.monotonic() + _PATIENCE
    for look in count(1):
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return status
        if time.monotonic() > until:
            break
        if done is not None and look % 5 == 0 and done():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return None
        time.sleep(0.01)
    raise Undone("the work did not end")


def _live(work: Work, boundaries: "_Boundaries", told: int) -> None:
    try:
        boundaries.stand(told)
        started = work()
        if started is not None:
            asyncio.run(_whole(started))
    except BaseException:  # noqa: BLE001 - the child must not become a second run of the tests
        os.write(told, traceback.format_exc().encode() + b"\0")
        os._exit(1)
    os._exit(0)


async def _whole(started: Coroutine[Any, Any, object]) -> None:
    await started


class _Boundaries:
    """Stands between the process and what it writes to."""

    def __init__(self, since: str, dies_at: int, *, only: str, torn: bool) -> None:
        self.since, self.dies_at, self.only, self.torn = since.encode(), dies_at, only.encode(), torn
        self.seen, self.told = 0, -1

    def stand(self, told: int) -> None:
        """Be asked before every write from now on, and tell of it in the file `told`."""
        self.told = told
        plain_open, boundary = io.open, self

        class File(io.FileIO):
            def write(self, data: Any) -> int:
                boundary.before(bytes(data), super().write)
                return super().write(data)

        def opened(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
            if mode not in {"a", "w"}:
                return plain_open(file, mode, *more, **options)
            return io.TextIOWrapper(io.BufferedWriter(File(file, mode)), encoding="utf-8", write_through=False)

        for name in ("send", "sendall"):
            setattr(socket.socket, name, self._sending(getattr(socket.socket, name)))
        for name in ("unlink", "truncate"):
            setattr(os, name, self._doing(name, getattr(os, name)))
        pathlib.io.open = opened  # type: ignore[attr-defined]

    def before(self, data: bytes, write: Callable[[bytes], object]) -> None:
        """Tell of a write, and die in its place when it is the one."""
        if self.only not in data or (not self.seen and self.since not in data):
            return
        os.write(self.told, data[:2000].replace(b"\0", b" ") + b"\0")
        self.seen += 1
        if self.seen == self.dies_at:
            if self.torn and len(data) > 1:
                write(data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(_PATIENCE)

    def _sending(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def send(sock: socket.socket, data: Any, *flags: Any) -> Any:
            if sock.family in {socket.AF_INET, socket.AF_INET6}:
                self.before(bytes(data), lambda part: plain(sock, part, *flags))
            return plain(sock, data, *flags)

        return send

    def _doing(self, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def do(path: Any, *more: Any, **options: Any) -> Any:
            self.before(f"{name} {path}".encode(), lambda _: None)
            return plain(path, *more, **options)

        return do
