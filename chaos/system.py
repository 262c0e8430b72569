"""The embedded system with two replicas of every worker, on a disk that can be filled and with clocks that can jump."""

import errno
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from chaos.supervise import library
from deploy.embedded.ports import Ports
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import living_in, spawn, tail
from deploy.services import service_names
from shared.testing.system import EmbeddedSystem

_START_SECONDS = 180
_DISK = "1536m"
_CHUNK = 64 * 1024 * 1024
_LEADER = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) JOIN pg_database d ON d.oid = l.database
WHERE l.locktype = 'advisory' AND l.granted AND d.datname = $1 AND a.application_name LIKE 'relay %'
"""


class System(EmbeddedSystem):
    """What chaos runs on; everything below `folder`, which nobody else uses."""

    def __init__(self, folder: Path, further_workers: int = 1) -> None:
        super().__init__(folder / "data")
        self.folder, self.further_workers = folder, further_workers
        self.clocks, self.disk = folder / "clocks", folder / "disk"
        self.left_out: dict[str, str] = {}
        self._ports = Ports(self.base, service_names())
        self._child: subprocess.Popen[bytes] | None = None
        self._mounted = False

    def up(self, **environment: str) -> None:
        """Returns when every process is ready. Call it from the main thread: with that everything else ends too."""
        self.clocks.mkdir()
        for name in ("postgres", *self.replicas()):
            self.turn(name, 0)
        if library() is None:
            self.left_out["clock"] = "libfaketime is not installed"
        self._mount()
        log = self.folder / "supervisor.log"
        command = [
            sys.executable,
            "-m",
            "chaos.supervise",
            self.data.root,
            self.base,
            self.further_workers,
            self.clocks,
        ]
        self._child = spawn([str(part) for part in command], log, os.environ | environment)
        end = time.monotonic() + _START_SECONDS
        while not self._started():
            if self._child.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"The system did not start:\n{tail(log, 20)}")
            time.sleep(0.1)

    def down(self) -> None:
        """Stops everything; the data stay, except PostgreSQL's on the small disk."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait(60)
        if self._mounted:
            subprocess.run(["umount", self.disk], check=False)
        for left in Path("/dev/shm").glob("*faketime_s*_*"):  # of processes that could not tidy up
            if not Path("/proc", left.name.rsplit("_", 1)[1]).exists():
                left.unlink(missing_ok=True)

    def replicas(self) -> list[str]:
        """The names of the services' processes, further workers included."""
        more = range(1, self.further_workers + 1)
        return [*service_names(), *(f"{name}-worker-{n}" for name in service_names() for n in more)]

    def pids(self, name: str) -> list[int]:
        """Every process of `name`; PostgreSQL has many."""
        if name == "postgres":
            return sorted(living_in(self.data.root / "postgres", "postgres"))
        return [pid] if (pid := self.processes()[name]["pid"]) else []

    def send(self, name: str, sign: int, *, whole: bool = False) -> bool:
        """Send a signal to the process, or to all of its processes; whether it was there."""
        there = False
        for pid in self.pids(name) if whole else [self.processes()[name]["pid"]]:
            with suppress(ProcessLookupError, TypeError):
                os.kill(pid, sign)
                there = True
        return there

    def turn(self, name: str, seconds: int) -> None:
        """Set the wall clock of a process so much ahead; it sees that within a second."""
        path = self.clocks / name
        path.with_suffix(".new").write_text(f"{seconds:+d}\n")
        path.with_suffix(".new").rename(path)

    async def leader(self, service: str) -> str | None:
        """Which process leads the service's relay."""
        try:
            admin = await asyncpg.connect(self.superuser(), timeout=5)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return None
        try:
            name = await admin.fetchval(_LEADER, service)
        finally:
            await admin.close(timeout=2)
        pid = int(name.split()[1]) if name else 0
        return next((name for name in self.replicas() if self.processes()[name]["pid"] == pid), None)

    def superuser(self, database: str = "postgres") -> str:
        """PostgreSQL's superuser, as asyncpg takes it."""
        root = self.data.root
        return Postgres(root / "postgres", root / "logs" / "postgres.log", port=self._ports.postgres).url(database)

    def reader(self, service: str) -> str:
        """A role that sees every instansi of a service, as asyncpg takes it."""
        return self.data.database(service, self._ports.postgres).url("worker", "postgresql")

    async def all_ready(self, http: httpx.AsyncClient) -> bool:
        """Whether every process of the services says so itself, and both servers stand."""
        processes = self.processes()
        for name in self.replicas():
            try:
                if (await http.get(f"{processes[name]['url']}/readyz", timeout=3)).status_code != httpx.codes.OK:
                    return False
            except httpx.HTTPError:
                return False
        return all(processes[name]["state"] == "ready" for name in ("postgres", "nats"))

    def fill_disk(self) -> None:
        """Take every free byte from PostgreSQL; to be called again while it frees some."""
        with (self.disk / "ballast").open("ab") as ballast:
            size, chunk = os.fstat(ballast.fileno()).st_size, _CHUNK
            while chunk >= 4096:
                try:
                    os.posix_fallocate(ballast.fileno(), size, chunk)
                    size += chunk
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    chunk //= 2

    def free_disk(self) -> None:
        """Give it back."""
        (self.disk / "ballast").unlink(missing_ok=True)

    def _mount(self) -> None:
        """Give PostgreSQL a disk of its own, of which little is enough."""
        self.disk.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK},mode=0711", "tmpfs", self.disk],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self.left_out["full-disk"] = f"no small disk could be mounted: {done.stderr.strip()}"
            return
        self._mounted = True
        with self.data.claimed():
            (self.data.root / "postgres").symlink_to(self.disk / "postgres")

    def _started(self) -> bool:
        run: dict[str, Any] | None = self.data.run()
        wanted = {"postgres", "nats", *self.replicas()}
        return run is not None and wanted == run["processes"].keys() and self.ready()
