"""The service as a process of its own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """`python -m services.feed`, started and killed at will."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{environment['KINERJA_PORT']}"
        self._environment = os.environ | environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin."""
        command, quiet = [sys.executable, "-m", "services.feed"], asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=_ROOT, env=self._environment, stdout=quiet, stderr=quiet
        )

    async def end(self, how: signal.Signals) -> int | None:
        """End it and wait until it has ended."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()
        return self._process.returncode
