"""The whole system in containers as a test runs it: docker-compose.yml in a project, with secrets and ports of its own."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

from deploy.services import service_names
from shared.testing.system import EmbeddedSystem, kinerja

_ROOT = Path(__file__).resolve().parents[2]
_STAND_INS = _ROOT / "deploy" / "images" / "stand-ins.env"
_START_SECONDS = 600
_CLEAR_LINE = "\x1b[2K"  # Compose puts it before every line, also into a file


class ComposeSystem(EmbeddedSystem):
    """Not running until `up`. `data` is what a user of `kinerja` outside of the containers has."""

    def __init__(self, root: Path) -> None:
        super().__init__(root / "outside")
        self._root, self._project = root, f"kinerja-test-{self.base}"
        self._env = root / "compose.env"

    def up(self, **environment: str) -> None:
        """Returns when every container is healthy. Needs the images that `make images` makes."""
        done = kinerja("compose", "init", "--env", self._env, "--secrets", self._root / "secrets")
        assert done.returncode == 0, done.stderr
        ports = {"KINERJA_LISTEN": self.base, "TEST_INSIDE": self.base + 1}
        ports |= {"TEST_NATS": self.base + 20, "TEST_POSTGRES": self.base + 21}
        lines = {name: f"127.0.0.1:{port}" for name, port in ports.items()} | environment
        with self._env.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in lines.items())
        self.compose("up", "--detach", "--no-build", "--pull", "never")
        self._write_outside()
        self.wait_ready()

    def down(self) -> None:
        """Stops everything and removes what it kept."""
        self.compose("down", "--volumes", "--timeout", "5")

    def compose(self, *arguments: str) -> str:
        """What `docker compose` printed. AssertionError when it failed."""
        files = ["-f", str(_ROOT / "docker-compose.yml"), "-f", str(_ROOT / "tests/containers/ports.yml")]
        command = ["docker", "compose", "-p", self._project, *files]
        command += ["--env-file", str(_STAND_INS), "--env-file", str(self._env), *arguments]
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("KINERJA_", "COMPOSE_"))}
        done = subprocess.run(command, capture_output=True, text=True, env=ours, cwd=_ROOT, check=False)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stderr[-2000:]}"
        return done.stdout

    def processes(self) -> dict[str, dict[str, Any]]:
        """Of each service: its public address."""
        return {name: {"url": f"http://127.0.0.1:{self.base}/{name}"} for name in service_names()}

    def ready(self) -> bool:
        """Whether every container that is to run is healthy, and the proxy reaches both halves of each service."""
        lines = self.compose("ps", "--format", "json").splitlines()
        states = [json.loads(line) for line in lines]
        return (
            bool(states) and all(each["Health"] == "healthy" for each in states) and all(map(_is_ready, self._halves()))
        )

    def wait_ready(self) -> None:
        """Return when it is `ready`."""
        end = time.monotonic() + _START_SECONDS
        while not self.ready():
            assert time.monotonic() < end, self.compose("ps", "--all")
            time.sleep(1)

    def fetch_logs(self) -> None:
        """Bring the services' logs up to date."""
        for name in service_names():
            text = self.compose(
                "logs", "--no-color", "--no-log-prefix", f"{name}-api", f"{name}-worker", f"{name}-deploy"
            )
            (self.data.logs / f"{name}.log").write_text(text.replace(_CLEAR_LINE, ""))

    def fetch_mails(self) -> None:
        """Bring the received mails up to date."""
        self.compose("cp", "mailbox:/data/.", str(self.data.mails))

    def lay_road(self) -> None:
        """The deploy step, as an operator takes it."""
        done = kinerja("streams", "apply", "--data", self.data.root)
        assert done.returncode == 0, done.stderr

    def _halves(self) -> list[str]:
        return [f"http://127.0.0.1:{self.base + part}/{name}/readyz" for name in service_names() for part in (0, 1)]

    def _write_outside(self) -> None:
        """The keys and passwords of the system, with the addresses that it has outside."""
        secrets, outside = self._root / "secrets", self.data.root
        for folder in (self.data.logs, self.data.mails):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copytree(secrets / "keys", outside / "keys", dirs_exist_ok=True)
        shutil.copy(secrets / "secrets.json", outside)
        run = {"base_url": f"http://127.0.0.1:{self.base + 1}", "postgres": f"127.0.0.1:{self.base + 21}"}
        run |= {"nats": f"nats://127.0.0.1:{self.base + 20}"}
        self.data.write_run(run | {"services": {name: each["url"] for name, each in self.processes().items()}})


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=10, trust_env=False).is_success
    except httpx.HTTPError:
        return False
