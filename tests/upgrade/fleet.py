"""Services in one replica or two, from whichever tree, behind a proxy; and the deploy steps as an operator runs them."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from deploy.embedded.postgres import Postgres
from deploy.embedded.process import free_port, spawn, stop, tail, wait_until
from deploy.nats.access import ADMIN
from deploy.nats.description import Description
from deploy.provision import ROLES, Database, provision
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.tokens import EVERY_INSTANSI
from tests.deploy.nats.nodes import Node, describe, login

_PATIENCE = 180


@dataclass
class Replica:
    """One process of a service, API and worker both."""

    service: str
    port: int
    log: Path
    child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        """Whether it says so."""
        try:
            return httpx.get(f"{self.url}/readyz", trust_env=False, timeout=5).is_success
        except httpx.HTTPError:
            return False


@dataclass
class Fleet:
    """Everything that runs; `databases` are those of the services it has. NATS lets in only whom it was told of."""

    folder: Path
    postgres: Postgres
    databases: dict[str, Database] = field(default_factory=dict)
    replicas: dict[str, list[Replica]] = field(default_factory=dict)
    key: bytes = field(default_factory=new_signing_key)
    mail_port: int = field(default_factory=free_port)
    road: Description = field(init=False)
    nats: Node = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "key.pem").write_bytes(self.key)
        (self.folder / "jwks.json").write_bytes(jwks_of(self.key))
        (self.folder / "token").write_text(self.token(EVERY_INSTANSI, "system"))
        self.road = describe(self.folder / "nats")
        self.nats = Node(self.folder / "nats", self.road.nodes[0])

    def token(self, instansi: str, *roles: str, employee: UUID | None = None) -> str:
        """What a request is sent with."""
        return development_token(self.key, instansi=instansi, roles=roles, employee=employee)

    def add(self, service: str) -> None:
        """A service that does not run yet; its database and roles."""
        passwords = {role: f"{service}-{role}" for role in ROLES}
        self.databases[service] = Database(service, f"{service}_rolling", "127.0.0.1", self.postgres.port, passwords)
        asyncio.run(provision(self.postgres.url(), self.databases[service]))
        self.replicas[service] = [
            Replica(service, free_port(), self.folder / f"{service}-{name}.log") for name in ("a", "b")
        ]

    def grant(self, tree: Path) -> None:
        """Let NATS know whom that version has, and what each may do."""
        said = self.folder / "nats.yaml"
        said.write_text(self.road.model_dump_json())
        _command(tree, os.environ, "nats", "render", str(said), "--out", str(self.folder / "nats"))
        if not self.nats.log.exists():
            self.nats.start()
        before = self._taken_over()
        self.nats.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: self._taken_over() > before, _PATIENCE), tail(self.nats.log)

    def login(self, user: str = ADMIN) -> tuple[str, str, str]:
        """Address, name and password of a user of NATS."""
        return login(self.folder / "nats", user)

    def start(self, replica: Replica, tree: Path) -> None:
        """Start one from this tree, without waiting."""
        command = [sys.executable, "-m", f"services.{replica.service}"]
        environment = self._environment(replica.service, replica.service) | {"KINERJA_PORT": str(replica.port)}
        replica.child = spawn(command, replica.log, environment, cwd=tree)

    def wait_ready(self, *replicas: Replica) -> None:
        """Until each says that it is ready."""
        for replica in replicas:
            assert replica.child is not None
            child = replica.child
            wait_until(lambda r=replica, c=child: c.poll() is not None or r.ready(), _PATIENCE)  # type: ignore[misc]
            assert replica.ready(), f"{replica.service}: {tail(replica.log, 15)}"

    def end(self, *replicas: Replica) -> None:
        """Ask them to end, and see that they did so by themselves."""
        children = [replica.child for replica in replicas if replica.child is not None]
        stop(children, signal.SIGTERM, 60)
        for replica in replicas:
            replica.child = None
        for child in children:
            assert child.returncode in (0, -signal.SIGTERM), "it was killed, or failed"

    def close(self) -> None:
        """End whatever still runs."""
        running = [replica.child for each in self.replicas.values() for replica in each if replica.child is not None]
        stop(running, signal.SIGTERM, 30)

    def kinerja(self, tree: Path, service: str, *words: str, code: int = 0) -> str:
        """A command of that version; it must end with `code`."""
        environment = self._environment(service, ADMIN)
        return _command(tree, environment, *words, "--data", str(self.folder / "none"), code=code)

    def _taken_over(self) -> int:
        """How many times NATS has read its configuration anew."""
        return self.nats.log.read_text().count("Reloaded server configuration")

    def _environment(self, service: str, user: str) -> dict[str, str]:
        database, (_, _, password) = self.databases[service], self.login(user)
        own = {
            "ENVIRONMENT": "embedded",
            "DRAIN_SECONDS": "0.5",
            "DATABASE_URL_OWNER": database.url("owner"),
            "DATABASE_URL_API": database.url("api"),
            "DATABASE_URL_WORKER": database.url("worker"),
            "NATS_URL": self.road.url,
            "NATS_USER": user,
            "NATS_PASSWORD": password,
            "JWKS": str(self.folder / "jwks.json"),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.mail_port),
            "DIRECTORY_URL": self.replicas["directory"][0].url,
            "SYSTEM_TOKEN_FILE": str(self.folder / "token"),
            "PORTAL_KEY_FILE": str(self.folder / "key.pem"),
            "SERVICES": ",".join(f"{name}={each.url}" for name, (each, _) in self.replicas.items()),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("KINERJA_", "PYTHONPATH"))}
        return kept | {f"KINERJA_{name}": value for name, value in own.items()}


def _command(tree: Path, environment: Mapping[str, str], *words: str, code: int = 0) -> str:
    command = [sys.executable, "-m", "cli.main", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree, env=environment, check=False)
    assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


class Proxy:
    """Sends requests to the replicas of a service in turn, and to the next one what a replica did not take.

    A refused or broken connection and 502 to 504 go on to the other replica, as in the proxy's configuration
    for containers.
    """

    def __init__(self, fleet: Fleet, replicas: dict[str, list[Replica]] | None = None) -> None:
        self._replicas, self._turn = replicas or fleet.replicas, 0
        self._http = httpx.AsyncClient(timeout=60, trust_env=False)

    async def request(self, service: str, method: str, path: str, **more: Any) -> httpx.Response:
        """The first good answer, else any; httpx.ConnectError when nobody gave one."""
        self._turn += 1
        replicas = self._replicas[service]
        order = [replicas[(self._turn + n) % len(replicas)] for n in range(len(replicas))]
        answer = None
        for replica in order:
            with suppress(httpx.TransportError):
                answer = await self._http.request(method, f"{replica.url}{path}", **more)
                if answer.status_code not in (502, 503, 504):
                    break
        if answer is None:
            raise httpx.ConnectError(f"no replica of {service} answers")
        return answer

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()
