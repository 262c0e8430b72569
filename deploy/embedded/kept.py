"""A child process that is started again whenever it ends."""

import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from deploy.embedded.process import StartError

_SHORTEST_WAIT = 0.3
_LONGEST_WAIT = 5.0
_HEALTHY_AFTER = 10.0
_LONGEST_STOP = 45.0


def _never() -> bool:
    return False


@dataclass
class Kept:
    """How it is started, how to ask whether it is ready, whether somebody wants it stopped, and how it does.

    An ended process waits 0.3 s before its next start, twice as long (at most 5 s) after each life under 10 s.
    """

    name: str
    url: str
    launch: Callable[[], subprocess.Popen[bytes]]
    is_ready: Callable[[], Awaitable[bool]]
    is_held: Callable[[], bool] = _never
    state: str = "starting"
    child: subprocess.Popen[bytes] | None = None
    started: datetime | None = None
    restarts: int = 0
    _wait: float = field(default=_SHORTEST_WAIT, repr=False)
    _born: float = field(default=0.0, repr=False)
    _again_at: float | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it now, unless it is to be stopped."""
        if self.is_held():
            self.state = "stopped"
            return
        self.state, self.started, self._born, self._again_at = "starting", datetime.now(UTC), time.monotonic(), None
        self.child = self.launch()

    def revive(self) -> bool:
        """Start it again when it has ended and its wait is over, or stop it while it is held; True when anything changed."""
        if self.is_held():
            return self._rest()
        if self.state == "stopped":
            with suppress(StartError):
                self.start()
            return True
        if self.child is not None and self.child.poll() is None:
            return False
        now = time.monotonic()
        if self._again_at is None:
            healthy = now - self._born > _HEALTHY_AFTER
            self._again_at, self.state = now + self._wait, "ended"
            self._wait = _SHORTEST_WAIT if healthy else min(self._wait * 2, _LONGEST_WAIT)
            return True
        if now < self._again_at:
            return False
        self.restarts += 1
        self.child = None
        with suppress(StartError):  # its log says why; the next turn tries again
            self.start()
        return True

    def _rest(self) -> bool:
        """One step towards being stopped."""
        before, now = self.state, time.monotonic()
        if self.child is None or self.child.poll() is not None:
            self.child, self.state = None, "stopped"
        elif self.state != "stopping":
            self.state, self._born = "stopping", now
            self.child.terminate()
        elif now - self._born > _LONGEST_STOP:
            self.child.kill()
        return self.state != before

    async def look(self) -> None:
        """Bring `state` up to date: starting or ready, where it runs."""
        child = self.child
        ready = await self.is_ready()
        if self.child is child and self.state in ("starting", "ready"):
            self.state = "ready" if ready else "starting"

    def entry(self) -> dict[str, object]:
        """What run.json says about it."""
        return {
            "pid": self.child.pid if self.child else None,
            "port": int(self.url.rsplit(":", 1)[1]),
            "url": self.url,
            "started": self.started.isoformat(timespec="seconds") if self.started else None,
            "state": self.state,
            "restarts": self.restarts,
        }
