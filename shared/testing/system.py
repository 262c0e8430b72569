"""The whole embedded system as a test runs it: `kinerja up` on a data directory and ports of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.embedded.data import Data
from deploy.embedded.process import claim_ports
from shared.web.development import development_token


class EmbeddedSystem:
    """Not running until `up`; whoever calls that calls `down` at the end."""

    def __init__(self, root: Path) -> None:
        self.data = Data(root)
        self.base = claim_ports().start

    def up(self, **environment: str) -> None:
        """Returns when every process is ready."""
        done = kinerja("up", "--data", self.data.root, "--port", self.base, "--detach", cwd=None, **environment)
        assert done.returncode == 0, done.stderr

    def down(self) -> None:
        """Stops everything; nothing happens when nothing runs."""
        done = kinerja("down", "--data", self.data.root)
        assert done.returncode == 0, done.stderr

    def processes(self) -> dict[str, dict[str, Any]]:
        """By name (the services, `postgres`, `nats`): pid, port, url, started, state, restarts."""
        run = self.data.run()
        assert run
        found: dict[str, dict[str, Any]] = run["processes"]
        return found

    def ready(self) -> bool:
        """Whether every process is ready."""
        return all(process["state"] == "ready" for process in self.processes().values())

    def fetch_logs(self) -> None:
        """Bring the logs below `data` up to date; here they always are."""

    def fetch_mails(self) -> None:
        """Bring the mails below `data` up to date; here they always are."""

    def lay_road(self) -> None:
        """Declare streams and durables that are gone; here the supervisor does so by itself."""

    def token(self, instansi: str, *roles: str, **more: Any) -> str:
        """A token of the system's own key; `more` goes to `development_token`, the key to make a forged one too."""
        key = more.pop("signing_key", None) or self.data.signing_key.read_bytes()
        return development_token(key, instansi=instansi, roles=roles, **more)

    def client(self, service: str, instansi: str, *roles: str, employee: str | None = None) -> httpx.Client:
        """A client of one service whose addresses begin behind the instansi, with a token of these roles."""
        token = self.token(instansi, *roles, employee=UUID(employee) if employee else None)
        base = f"{self.processes()[service]['url']}/api/v1/{instansi}"
        return httpx.Client(base_url=base, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30)


@pytest.fixture(scope="session")
def running_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSystem]:
    """One system for all tests that need a whole one and leave it running; each uses an instansi of its own."""
    made = _wanted(tmp_path_factory.mktemp("running") / "data")
    try:
        made.up()
        yield made
    finally:
        made.down()


def _wanted(root: Path) -> EmbeddedSystem:
    match os.environ.get("KINERJA_TEST_SYSTEM", "embedded"):
        case "embedded":
            return EmbeddedSystem(root)
        case "compose":
            from shared.testing.compose import ComposeSystem

            return ComposeSystem(root)
        case other:
            raise pytest.UsageError(f"KINERJA_TEST_SYSTEM is 'embedded' or 'compose', not {other!r}.")


def kinerja(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a `kinerja` command to its end, with no other KINERJA_ variables than those given."""
    command = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KINERJA_")}
    return subprocess.run(command, capture_output=True, text=True, env=kept | environment, cwd=cwd, check=False)
