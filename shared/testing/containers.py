"""The servers of the tests in containers: the same interface as the embedded ones, which fixture is given is one setting.

KINERJA_TEST_SERVERS=containers asks for them, KINERJA_POSTGRES_IMAGE and KINERJA_NATS_IMAGE name other images than the
official ones. What a killed run left behind is removed by the next: the library's own helper would have to be pulled.
"""

import asyncio
import os
import secrets
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import asyncpg
import docker
import pytest
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import wait_until

_LABEL = "id.go.kinerja.tests"
#: Of the container, not of the embedded server in it.
_PLACES = {"listen_addresses", "unix_socket_directories", "port"}

testcontainers_config.ryuk_disabled = True


class _Contained(ABC):
    """A server in a container that listens on 127.0.0.1:`port` of this machine."""

    inside: int
    image: str
    command: str
    environment: dict[str, str]
    port: int

    @cached_property
    def container(self) -> DockerContainer:
        """As it is started first; killed and started again it keeps its data."""
        made = DockerContainer(self.image).with_envs(**self.environment).with_command(self.command)
        made.ports[f"{self.inside}/tcp"] = ("127.0.0.1", self.port)  # type: ignore[assignment]
        return made.with_kwargs(labels={_LABEL: _life(os.getpid())})

    @property
    def _engine(self) -> Any:
        return self.container.get_wrapped_container()

    def start(self) -> None:
        """Start, and return when connections are accepted."""
        with _explained(self.image):
            if self.container._container is None:
                self.container.start()
            else:
                self._engine.start()
        self.wait_ready()

    def wait_ready(self, seconds: float = 60) -> None:
        """AssertionError with the end of its log after so long."""
        assert wait_until(self.is_ready, seconds), self._engine.logs(tail=20).decode()

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether connections are accepted."""

    def stop(self) -> None:
        """Remove it, with its data."""
        self.container.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash test wants it."""
        self._engine.kill()

    def freeze(self) -> None:
        """Nothing in it runs until `thaw`."""
        self._engine.pause()

    def thaw(self) -> None:
        """It goes on."""
        self._engine.unpause()

    def send(self, pid: int, sign: signal.Signals) -> None:
        """A signal to one of its processes, by the number it has in there."""
        code, said = self._engine.exec_run(["sh", "-c", f"kill -{sign.name.removeprefix('SIG')} {pid}"])
        assert code == 0, said


class ContainerNats(_Contained, Nats):
    """A NATS server with JetStream and no passwords."""

    inside, environment = 4222, {}
    command = "-js --store_dir /tmp/store"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "data", folder / "nats.log")
        self.image = os.environ.get("KINERJA_NATS_IMAGE", "nats:2.15-alpine")

    def is_ready(self) -> bool:
        """Whether it greets."""
        return Nats.is_ready(self)


class ContainerPostgres(_Contained, Postgres):
    """PostgreSQL without fsync."""

    inside = 5432

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "data", folder / "postgres.log", fsync=False)
        self.image = os.environ.get("KINERJA_POSTGRES_IMAGE", "postgres:18")
        self.environment = {"POSTGRES_PASSWORD": self.password}
        settings = {name: value for name, value in self._settings.items() if name not in _PLACES}
        self.command = " ".join(["postgres", *(f"-c {name}='{value}'" for name, value in settings.items())])

    @cached_property
    def password(self) -> str:
        """The superuser's."""
        return secrets.token_urlsafe(24)

    def is_ready(self) -> bool:
        """Whether it lets us in."""

        async def enter() -> None:
            await (await asyncpg.connect(self.url(), timeout=5)).close()

        with ThreadPoolExecutor(1) as pool:  # also where a loop is running
            try:
                pool.submit(lambda: asyncio.run(enter())).result()
            except (OSError, asyncpg.PostgresError, TimeoutError):
                return False
        return True


@cache
def prepare() -> None:
    """Remove the containers of runs that are over; ends this one where there is no Docker."""
    asked = os.environ["KINERJA_TEST_SERVERS"]
    if asked != "containers":
        pytest.exit(f"KINERJA_TEST_SERVERS is `embedded` or `containers`, not {asked!r}.", returncode=2)
    with _explained("to answer"):
        client = docker.from_env()
        for container in client.containers.list(all=True, filters={"label": _LABEL}, ignore_removed=True):
            pid = container.labels[_LABEL].partition("-")[0]
            if container.labels[_LABEL] != _life(int(pid)):
                container.remove(force=True, v=True)
        client.close()


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Whoever asked for containers gets them, or a run that failed."""
    try:
        yield
    except DockerException as error:
        pytest.exit(f"The servers were to run in containers, and Docker refuses {what} ({error}).", returncode=1)


def _life(pid: int) -> str:
    """A process, told apart from a later one with the same number; nothing when there is none."""
    try:
        return f"{pid}-{Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"
    except FileNotFoundError:
        return ""
