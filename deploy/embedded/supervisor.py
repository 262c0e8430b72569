"""The embedded system: both servers, the mailbox and every service, each a process of its own that is kept alive."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import asyncpg
import httpx
from nats.errors import Error as NatsError
from sqlalchemy.exc import SQLAlchemyError

from deploy.embedded import outside, road
from deploy.embedded.data import Data
from deploy.embedded.index import Index
from deploy.embedded.kept import Kept
from deploy.embedded.mailbox import Mailbox
from deploy.embedded.nats import Nats
from deploy.embedded.ports import Ports
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import StartError, spawn, stop
from deploy.nats.access import ADMIN
from deploy.provision import provision
from deploy.services import load, service_names
from shared.operations.migrations import DatabaseNewer, upgrade
from shared.runtime import VERSION
from shared.web.development import development_token
from shared.web.tokens import EVERY_INSTANSI

_ROOT = Path(__file__).resolve().parents[2]
_SYSTEM_TOKEN_LIFE = timedelta(days=7)
_SYSTEM_TOKEN_RENEWAL = timedelta(days=1)


def _nothing(_name: str) -> Mapping[str, str]:
    return {}


class Supervisor:
    """Runs everything on a claimed data directory. `changed` is called whenever a process starts, ends or becomes ready.

    `further_workers` of each service run beside it; `environment` says what a process, by its name, gets besides ours.
    """

    def __init__(
        self,
        data: Data,
        base_port: int,
        changed: Callable[["Supervisor"], None],
        *,
        further_workers: int = 0,
        environment: Callable[[str], Mapping[str, str]] = _nothing,
    ) -> None:
        self.data, self.further_workers, self._more = data, further_workers, environment
        self.services = service_names()
        self.ports = Ports(base_port, self.services, further_workers)
        self.servers: list[Kept] = []
        self.workers: list[Kept] = []
        self.summary: dict[str, Any] = {
            "base_url": f"http://127.0.0.1:{base_port}",
            "pid": os.getpid(),
            "version": VERSION,
            "nats": f"nats://127.0.0.1:{self.ports.nats}",
            "postgres": f"127.0.0.1:{self.ports.postgres}",
            "portal": self.ports.url("portal"),
            "services": {service: self.ports.url(service) for service in self.services},
            "workers": {
                service: [self.ports.url(service, number) for number in range(1, further_workers + 1)]
                for service in self.services
            },
        }
        self._changed = changed
        self._http = httpx.AsyncClient(timeout=2, trust_env=False)
        log = data.logs / "postgres.log"
        self._postgres = Postgres(data.root / "postgres", log, port=self.ports.postgres, more=environment("postgres"))

    @property
    def _road(self) -> road.Road:
        hears = [each for service in self.services for each in load(service).subscriptions]
        login = self.summary["nats"], ADMIN, self.data.nats_secret(ADMIN)
        return road.Road(login, self.services, hears, partial(outside.subscribers, self.data))

    @property
    def processes(self) -> list[Kept]:
        """All children."""
        return self.servers + self.workers

    async def run(self) -> None:
        """Start everything, keep it alive until cancelled, stop everything.

        DataRefused or StartError, and nothing runs, with a text that says what to do.
        """
        try:
            self.ports.refuse_busy()
            self._start_servers()
            await self._prepare()
            mailbox = await Mailbox(self.data.mails).listen(self.ports.mail)
            self._start_services()
            # In a loop of its own: what nats-py leaves behind when NATS dies would keep this one from ending.
            Thread(target=lambda: asyncio.run(self._road.keep()), name="road", daemon=True).start()
            with closing(mailbox):
                await asyncio.gather(self._index(), self._keep_alive(), self._observe(), self._renew_system_token())
        except (OSError, asyncpg.PostgresError, SQLAlchemyError, NatsError) as error:
            raise StartError(
                f"The servers could not be prepared ({str(error) or type(error).__name__}); see {self.data.logs}."
            ) from error
        finally:
            self._stop()
            await self._http.aclose()

    def _start_servers(self) -> None:
        rights = partial(outside.rights, self.data)
        nats = Nats(self.data.root / "nats", self.data.logs / "nats.log", port=self.ports.nats, rights=rights)
        for name, server in (("postgres", self._postgres), ("nats", nats)):
            url = f"{name}://127.0.0.1:{server.port}"
            self.servers.append(Kept(name, url, server.launch, partial(asyncio.to_thread, server.is_ready)))
            self.servers[-1].start()
        self._tell()

    async def _prepare(self) -> None:
        """The deploy steps: databases, roles and tables, then streams and durables."""
        await asyncio.gather(*(self._until_ready(server) for server in self.servers))
        for service in self.services:
            database = self.data.database(service, self.ports.postgres)
            await provision(self._postgres.url(), database)
            with suppress(DatabaseNewer):
                await asyncio.to_thread(upgrade, service, database.url("owner"))
        await self._road.declare()

    async def _until_ready(self, server: Kept) -> None:
        while server.state != "ready":
            if server.child is None or server.child.poll() is not None:
                raise StartError(f"{server.name} did not start; see {self.data.logs / server.name}.log.")
            await server.look()
            await asyncio.sleep(0.01)

    def _start_services(self) -> None:
        self._write_system_token()
        for number in range(self.further_workers + 1):
            for service in self.services:
                self._start_service(service, number)
        self._tell()

    def _start_service(self, service: str, number: int) -> None:
        """The service whole (number 0), or one of its further workers."""
        name, only = (f"{service}-worker-{number}", ["--only", "worker"]) if number else (service, [])
        url = self.ports.url(service, number)
        launch = partial(
            spawn,
            [sys.executable, "-m", f"services.{service}", *only],
            self.data.logs / f"{name}.log",
            environment={**self._environment(service, number), **self._more(name)},
            cwd=_ROOT,
        )
        held = partial(self.data.is_held, service)
        self.workers.append(Kept(name, url, launch, partial(self._answers_ready, url), held))
        self.workers[-1].start()

    def _environment(self, service: str, number: int) -> dict[str, str]:
        database = self.data.database(service, self.ports.postgres)
        ours = {
            "KINERJA_ENVIRONMENT": "embedded",
            "KINERJA_HOST": "127.0.0.1",
            "KINERJA_PORT": str(self.ports.of(service, number)),
            "KINERJA_DATABASE_URL_API": database.url("api"),
            "KINERJA_DATABASE_URL_WORKER": database.url("worker"),
            "KINERJA_NATS_URL": self.summary["nats"],
            "KINERJA_NATS_USER": service,
            "KINERJA_NATS_PASSWORD": self.data.nats_secret(service),
            "KINERJA_JWKS": str(self.data.jwks),
            "KINERJA_SMTP_HOST": "127.0.0.1",
            "KINERJA_SMTP_PORT": str(self.ports.mail),
            "KINERJA_DIRECTORY_URL": self.summary["services"].get("directory", ""),
            "KINERJA_SYSTEM_TOKEN_FILE": str(self.data.system_token),
            "KINERJA_LOG_LEVEL": os.environ.get("KINERJA_LOG_LEVEL", "INFO"),
            "KINERJA_OUTBOX_LIMIT": os.environ.get("KINERJA_OUTBOX_LIMIT", ""),
            "KINERJA_ROAD_RATE": os.environ.get("KINERJA_ROAD_RATE", ""),
        }
        if service == "feed":
            ours["KINERJA_WEBHOOK_KEYS"] = self.data.secret("webhook key")
        if service == "portal":
            ours["KINERJA_PORTAL_KEY_FILE"] = str(self.data.signing_key)
            ours["KINERJA_SERVICES"] = ",".join(f"{name}={url}" for name, url in self.summary["services"].items())
        # Settings of another deployment in this shell must not leak into the embedded one.
        return {name: value for name, value in os.environ.items() if not name.startswith("KINERJA_")} | ours

    async def _answers_ready(self, url: str) -> bool:
        try:
            return (await self._http.get(f"{url}/readyz")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def _index(self) -> None:
        await Index(self.summary, self.ports.base).serve()

    async def _keep_alive(self) -> None:
        while True:
            if any([process.revive() for process in self.processes]):  # noqa: C419 - every one, not up to the first
                self._tell()
            await asyncio.sleep(0.1)

    async def _observe(self) -> None:
        while True:
            before = [process.state for process in self.processes]
            await asyncio.gather(*(process.look() for process in self.processes))
            if before != [process.state for process in self.processes]:
                self._tell()
            await asyncio.sleep(2 if all(p.state in ("ready", "stopped") for p in self.processes) else 0.3)

    async def _renew_system_token(self) -> None:
        while True:
            await asyncio.sleep(_SYSTEM_TOKEN_RENEWAL.total_seconds())
            self._write_system_token()

    def _write_system_token(self) -> None:
        key = self.data.signing_key.read_bytes()
        token = development_token(
            key, instansi=EVERY_INSTANSI, roles=["system"], subject="system", lifetime=_SYSTEM_TOKEN_LIFE
        )
        self.data.write_system_token(token)

    def _tell(self) -> None:
        self.data.write_run(self.summary | {"processes": {p.name: p.entry() for p in self.processes}})
        self._changed(self)

    def _stop(self) -> None:
        """Services first, so that they finish what they have in hand, then the servers."""
        for group, sign in ((self.workers, signal.SIGTERM), (self.servers, signal.SIGINT)):
            stop([process.child for process in group if process.child is not None], sign, 20)
