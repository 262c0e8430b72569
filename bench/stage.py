"""The servers a benchmark runs on: real ones, with fsync, on free ports, stopped at the end."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.provision import ROLES, Database, drop, provision
from shared.operations.migrations import upgrade

Size = Literal["tiny", "quick", "full"]


class Stage:
    """One run's servers, each started when first asked for.

    `quick` asks for short rounds, never for fewer than three; `tiny` for the least that shows that a figure can be had.
    """

    def __init__(self, *, size: Size) -> None:
        self.size = size
        self.quick = size != "full"
        self.rounds = {"tiny": 1, "quick": 3, "full": 5}[size]
        self._folder = tempfile.TemporaryDirectory(prefix="kinerja-bench-")
        self.folder = Path(self._folder.name)
        self.folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
        self._postgres: Postgres | None = None
        self._nats: Nats | None = None
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._nats, self._postgres):
            if server is not None:
                server.stop()
        self._folder.cleanup()

    @property
    def postgres(self) -> Postgres:
        """PostgreSQL as `kinerja up` runs it."""
        if self._postgres is None:
            self._postgres = Postgres(self.folder / "postgres", self.folder / "postgres.log")
            self._postgres.start()
        return self._postgres

    @property
    def nats(self) -> Nats:
        """A NATS server with JetStream and no passwords."""
        if self._nats is None:
            self._nats = Nats(self.folder / "nats", self.folder / "nats.log")
            self._nats.start()
        return self._nats

    @asynccontextmanager
    async def database(self, service: str) -> AsyncIterator[Database]:
        """A fresh migrated database of a service, dropped afterwards."""
        self._made += 1
        passwords = {role: f"{service}-{role}" for role in ROLES}
        made = Database(service, f"{service}_{self._made}", "127.0.0.1", self.postgres.port, passwords)
        await provision(self.postgres.url(), made)
        await asyncio.to_thread(upgrade, service, made.url("owner"))
        try:
            yield made
        finally:
            await drop(self.postgres.url(), made.name)
