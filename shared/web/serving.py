"""A service's HTTP server, and how it ends: unready first, then deaf, then done."""

import signal
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shared.web.settings import Settings

_GRACE_SECONDS = 10


class DrainingServer(uvicorn.Server):
    """Told to end, it says so at `/readyz` and takes requests for `drain` seconds more: whoever sends them looks only now
    and then. After that it accepts none, and finishes those in hand. Told a second time, it does not wait."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, drain: float) -> None:
        super().__init__(config)
        self._app, self._drain, self._until = app, drain, float("inf")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """What a signal calls."""
        first, self._app.state.stopping = not is_stopping(self._app), True
        if first and self._drain and sig == signal.SIGTERM:
            self._until = time.monotonic() + self._drain
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; True ends it."""
        self.should_exit = self.should_exit or time.monotonic() >= self._until
        return await super().on_tick(counter)


def is_stopping(app: FastAPI) -> bool:
    """Whether the process was told to end."""
    return bool(getattr(app.state, "stopping", False))


def serve(app: FastAPI, settings: Settings) -> None:
    """Serve until told to end; SystemExit 3 when it could not start."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        lifespan="on",
    )
    server = DrainingServer(config, app, settings.drain_seconds)
    server.run()
    if not server.started:
        raise SystemExit(3)
