"""Waking the relay after a commit. A NOTIFY inside the transaction would make all commits wait for one another's fsync."""

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

CHANNEL = "outbox"
_APART = 0.005

#: What the driver raises; the last but one of a connection that the server has ended and that is not yet closed here.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Bell:
    """Rings whoever listens on CHANNEL, on a connection of its own; many rings at once become one.

    A ring that is lost, also with the process, costs what the relay waits between two looks: a second.
    """

    def __init__(self, url: str) -> None:
        """`url` is the driver's form of the address."""
        self._url = url
        self._conn: Any = None
        self._due = False
        self._ringing: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Returns at once; what was committed before is heard of soon."""
        self._due = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring())

    async def _ring(self) -> None:
        while self._due:
            self._due = False
            try:
                if self._conn is None or self._conn.is_closed():
                    # Nothing is written, so nothing has to reach the disk.
                    settings = {"synchronous_commit": "off"}
                    self._conn = await asyncpg.connect(
                        self._url, timeout=5, command_timeout=5, server_settings=settings
                    )
                await self._conn.execute(f"NOTIFY {CHANNEL}")
            except DRIVER_ERRORS:
                self._hang_up()
                return
            await asyncio.sleep(_APART)

    def _hang_up(self) -> None:
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None

    async def close(self) -> None:
        """Stop; a ring under way may be lost."""
        if self._ringing is not None:
            self._ringing.cancel()
            with suppress(asyncio.CancelledError):
                await self._ringing
        self._hang_up()
