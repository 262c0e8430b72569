"""Fixtures that run tests on the real PostgreSQL and NATS servers."""

import asyncio
import os
import shutil
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.provision import ROLES, Database, drop, provision

_BARE = "bare"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL for the whole run, without fsync."""
    folder = tmp_path_factory.mktemp("postgres")
    server = _in_container("Postgres", folder) or Postgres(folder / "data", folder / "postgres.log", fsync=False)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


class Databases:
    """Called with a service's name: a fresh migrated database; with None: an empty one (roles `bare_*`)."""

    def __init__(self, server: Postgres, templates: dict[str, str]) -> None:
        self._server = server
        self._templates = templates
        self._made: list[str] = []

    def __call__(self, service: str | None) -> Database:
        template = self._template(service) if service else None
        database = self._create(service or _BARE, template)
        self._made.append(database.name)
        return database

    def drop_all(self) -> None:
        """Drop what was made here, also while somebody is still connected."""
        for name in self._made:
            _in_thread(partial(drop, self._server.url(), name))

    def _template(self, service: str) -> str:
        if service not in self._templates:
            from shared.operations.migrations import upgrade

            database = self._create(service, None)
            _in_thread(lambda: upgrade(service, database.url("owner")))
            self._templates[service] = database.name
        return self._templates[service]

    def _create(self, service: str, template: str | None) -> Database:
        passwords = {role: f"{service}-{role}" for role in ROLES}
        name = f"{service}_{next(_numbers)}"
        database = Database(service, name, "127.0.0.1", self._server.port, passwords)
        _in_thread(lambda: provision(self._server.url(), database, template))
        return database


_numbers = count(1)


@pytest.fixture(scope="session")
def _templates() -> dict[str, str]:
    return {}


@pytest.fixture
def databases(postgres: Postgres, _templates: dict[str, str]) -> Iterator[Databases]:
    """A maker of databases that are dropped after the test."""
    made = Databases(postgres, _templates)
    yield made
    made.drop_all()


@pytest.fixture(scope="module")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """A NATS server with JetStream and no passwords, fresh for each test module; tests may kill it."""
    folder = tmp_path_factory.mktemp("nats")
    server = _in_container("Nats", folder) or Nats(folder / "data", folder / "nats.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _in_container(server: str, folder: Path) -> Any:
    """The same server in a container where the run asks for that, else None."""
    if os.environ.get("KINERJA_TEST_SERVERS", "embedded") == "embedded":
        return None
    from shared.testing import containers  # a library that only this needs

    containers.prepare()
    return getattr(containers, f"Container{server}")(folder)


def _in_thread(work: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
    """Run sync or async work to its end in a loop of its own, also when the caller's loop is running."""

    def run() -> None:
        result = work()
        if result is not None:
            asyncio.run(result)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()
