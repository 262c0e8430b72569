"""Start a child process that cannot outlive us, and find free ports and leftovers of a killed run."""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class StartError(Exception):
    """A server could not be started or stopped; the text says what to do."""


def spawn(
    command: Sequence[str | Path],
    log: Path,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` with its output appended to `log`.

    The kernel sends it `death_signal` when the thread that called this ends, so call it from the main thread.
    The child leads a session of its own: Ctrl-C in the terminal reaches only us, and we stop it in order.
    """
    parent = os.getpid()

    def die_with_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it was killed between fork and prctl
            os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment) if environment is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


class Server(ABC):
    """A server of our own on 127.0.0.1:`port`; its output goes to `log`."""

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, log: Path, port: int | None) -> None:
        self.log = log
        self.port = port or free_port()
        self._child: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting. Call it from the main thread."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether connections are accepted."""

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running process."""
        if self._child is None:
            raise StartError(f"{self.name} was not started.")
        return self._child

    def start(self) -> None:
        """Start, and return when connections are accepted."""
        self.launch()
        self.wait_ready()

    def wait_ready(self, seconds: float = 60) -> None:
        """StartError when the server ended or took longer."""
        child = self.process
        wait_until(lambda: child.poll() is not None or self.is_ready(), seconds)
        if child.poll() is not None or not self.is_ready():
            raise StartError(f"{self.name} did not start; see {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Stop in order; data stay on disk."""
        if self._child is not None:
            stop([self._child], self.stop_signal, 20)

    def kill(self) -> None:
        """SIGKILL, as a crash test wants it."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop it without a word until `thaw`; returns when it has stopped: until then it still answers."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def thaw(self) -> None:
        """It goes on."""
        self.process.send_signal(signal.SIGCONT)

    def send(self, pid: int, sign: signal.Signals) -> None:
        """A signal to one of its processes, by the number that it gives it."""
        os.kill(pid, sign)


def stop(children: Sequence[subprocess.Popen[bytes]], sign: signal.Signals, seconds: float) -> None:
    """Ask all with `sign`, wait `seconds` for them together, then SIGKILL."""
    for child in children:
        if child.poll() is None:
            child.send_signal(sign)
    wait_until(lambda: all(child.poll() is not None for child in children), seconds)
    for child in children:
        child.kill()
        child.wait()


def wait_until(done: Callable[[], bool], seconds: float) -> bool:
    """Poll `done` every 5 ms; False when it did not come true in time."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


_BLOCK = 50
_claims: list[int] = []
_unused: list[int] = []


def claim_ports() -> range:
    """Neighbouring ports of 127.0.0.1 that nobody listens on, kept from our other processes until this one ends.

    They lie below those that the kernel gives to outgoing connections, which would otherwise take one now and then.
    """
    for base in range(10_000, 32_000, _BLOCK):
        try:
            claim = os.open(Path(tempfile.gettempdir()) / f"kinerja-ports-{base}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        except PermissionError:  # another user's
            continue
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(claim)
            continue
        _claims.append(claim)
        if all(_is_free(port) for port in range(base, base + _BLOCK)):
            return range(base, base + _BLOCK)
    raise StartError("No fifty free ports next to each other on 127.0.0.1.")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody holds, and that is given out once."""
    if not _unused:
        _unused.extend(claim_ports())
    port = _unused.pop()
    return port if _is_free(port) else free_port()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def living_in(directory: Path, name: str) -> Iterator[int]:
    """Ids of the processes called `name` whose working directory is `directory`."""
    wanted = str(directory.resolve())
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "comm").read_text().strip() == name and os.readlink(entry / "cwd") == wanted:
                    yield int(entry.name)
            except OSError:  # ended meanwhile, or another user's
                continue


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log, for an error message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""
