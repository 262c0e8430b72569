"""A service as one process: its HTTP edge, what it hears, its relay and its periodic jobs."""

import argparse
import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.contracts.schema_files import messages
from shared.eventstore.database import Database, is_outage
from shared.eventstore.decider import Slice
from shared.eventstore.outbox import watch_room
from shared.eventstore.relay import Relay
from shared.messaging.publisher import Publisher
from shared.messaging.streams import Subscription
from shared.messaging.subscriber import Consumer, new_broker, stop_broker
from shared.observability import metrics
from shared.observability.logging import configure_logging
from shared.observability.tracing import start_tracing, stop_tracing
from shared.operations.dead_letters import Leftovers
from shared.operations.figures import figures
from shared.operations.partitions import keep_partitions
from shared.operations.rebuild import Difference
from shared.operations.republish import Republisher
from shared.people.suspension import watch_suspended
from shared.web.app import Lifespan, create_app, token_verifier
from shared.web.asyncapi import document
from shared.web.messages import Wording
from shared.web.pages import messages_page, routes_page
from shared.web.serving import is_stopping, serve
from shared.web.settings import Settings, SettingsIncomplete

log = structlog.get_logger(__name__)

VERSION = "0.1.0"
Part = Literal["api", "worker"]

#: Whatever waits is counted to a hundred thousand; the oldest are among the lowest ids.
_OUTBOX = text("""
SELECT (SELECT count(*) FROM (SELECT FROM outbox WHERE parked_at IS NULL LIMIT 100000) AS waiting),
       (SELECT count(*) FROM (SELECT FROM outbox WHERE parked_at IS NOT NULL LIMIT 100000) AS parked),
       coalesce(extract(epoch FROM now() - (SELECT min(created_at) FROM (
           SELECT created_at FROM outbox WHERE parked_at IS NULL ORDER BY id LIMIT 100) AS lowest)), 0)
""")
#: By PostgreSQL's own estimate: counting would read what may be a long history that was imported.
_SIZES = text("""
SELECT pg_database_size(current_database()), coalesce(sum(reltuples) FILTER (WHERE reltuples > 0), 0)
FROM pg_class WHERE relname IN ('events_other', 'inbox_other')
""")
_DEAD = text("SELECT durable, count(*) FROM dead_letters WHERE settled_at IS NULL GROUP BY durable")


@dataclass(frozen=True, slots=True)
class Job:
    """Work that returns by itself: run every `seconds` by each worker, so it must be safe to run twice at once."""

    name: str
    seconds: float
    run: Callable[[Database], Awaitable[None]]


#: Adds what people see beside the API, for as long as that runs.
Site = Callable[[FastAPI, Settings], contextlib.AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a service is made of; the only thing its `app.py` says."""

    name: str
    title: str
    routers: Sequence[APIRouter] = ()
    slices: Sequence[Slice[Any, Any, Any]] = ()
    subscriptions: Sequence[Subscription] = ()
    jobs: Sequence[Job] = ()
    #: Pages for people, whose forms its API then takes besides JSON.
    site: Site | None = None
    #: Whether it reads every stream by sequence, as outside readers do: its API then needs NATS too.
    reads_road: bool = False
    #: What `kinerja top` shows of each instansi: names, and SQL of (instansi, figure) that is cheap at any size.
    figures: Mapping[str, str] = field(default_factory=dict)
    #: What its refusal codes are called for people, in Indonesian and English.
    titles: Mapping[str, Wording] = field(default_factory=dict)
    #: Checks of its own for `kinerja prove`: computed numbers against an independent recomputation.
    proofs: Sequence[Callable[[Database, str | None], Awaitable[list[Difference]]]] = ()


async def _forget(db: Database) -> None:
    """Remove what has served (answers to repeated requests, dead letters and tries), and keep the partitions."""
    for statement in (
        "DELETE FROM idempotency WHERE created_at < now() - interval '7 days'",
        "DELETE FROM dead_letters WHERE settled_at < now() - interval '90 days'",
        "DELETE FROM tries WHERE last_at < now() - interval '90 days'",
        "DELETE FROM dead_letter_actions WHERE at < now() - interval '1 year'",
    ):
        async with db.transaction() as conn:
            await conn.execute(text(statement))
    await keep_partitions(db.engine, datetime.now(UTC).date())


HOUSEKEEPING = Job("housekeeping", 3600, _forget)


@dataclass(slots=True)
class Worker:
    """The half of a service that hears, sends and keeps time."""

    service: Service
    settings: Settings
    db: Database
    consumers: list[Consumer] = field(default_factory=list)
    relay: Relay | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    #: Anybody may ask for the status: many who do so at once take one connection.
    _one_look: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Begin; whatever is away is waited for in the background."""
        self.tasks = [asyncio.create_task(self._hear_and_send(), name="road")]
        self.tasks += [asyncio.create_task(self._repeat(job), name=job.name) for job in self.service.jobs]
        self.tasks.append(asyncio.create_task(self._repeat(Job("measure", 5, self._measure)), name="measure"))
        self.tasks.append(asyncio.create_task(self._repeat(HOUSEKEEPING), name="housekeeping"))
        leftovers = Job("leftovers", 5, Leftovers(self.service.subscriptions).process)
        self.tasks.append(asyncio.create_task(self._repeat(leftovers), name=leftovers.name))

    async def _hear_and_send(self) -> None:
        try:
            await self._connected()
        except Exception:
            log.critical("road.ended", exc_info=True)
            os._exit(70)  # half a service must not look like a whole one: whoever runs us starts it again

    async def _connected(self) -> None:
        settings, name = self.settings, self.service.name
        broker = new_broker(settings.nats_url, settings.nats_user, settings.nats_password, name)
        connection = await broker.connect()
        self.relay = Relay(name, self.db.driver_url(), connection, self._resend, rate=settings.road_rate)
        self.consumers = [Consumer(broker, subscription, self.db, name) for subscription in self.service.subscriptions]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.relay.run())
                for consumer in self.consumers:
                    group.create_task(consumer.watch())
        finally:
            await asyncio.gather(*(consumer.stop() for consumer in self.consumers), return_exceptions=True)
            await stop_broker(broker)

    async def _resend(self, publisher: Publisher, since: datetime) -> int:
        run = f"{since:%Y%m%d%H%M%S}-{datetime.now().timestamp():.0f}"  # noqa: DTZ005 - only a name, never an order
        return await Republisher(self.db, self.service.slices, publisher, run).send(since)

    async def _repeat(self, job: Job) -> None:
        while True:
            try:
                await job.run(self.db)
            except Exception as error:
                log.log(30 if is_outage(error) else 40, "job.failed", job=job.name, error=repr(error), exc_info=True)
            await asyncio.sleep(job.seconds)

    async def _measure(self, _db: Database) -> None:
        metrics.PROBLEMS.set(len(self.problems()))
        await self.status()

    async def stop(self) -> None:
        """Finish what is in hand."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def problems(self) -> list[str]:
        """Why this worker is not ready; empty when it is."""
        if self.relay is None:
            return ["NATS away: not connected yet"]
        found = [self.relay.problem, *(consumer.problem for consumer in self.consumers)]
        return [problem for problem in found if problem]

    async def figures(self) -> Mapping[str, Any]:
        """What each instansi makes this service do now."""
        async with self._one_look:
            return await figures(self.db, self.service.figures)

    async def status(self) -> dict[str, Any]:
        """The numbers that `kinerja status` shows; also sets the metrics."""
        async with self._one_look, self.db.transaction() as conn:
            rows, parked, age = (await conn.execute(_OUTBOX)).one()
            size, outside = (await conn.execute(_SIZES)).one()
            dead = {durable: int(count) for durable, count in (await conn.execute(_DEAD)).all()}
        metrics.OUTBOX_ROWS.set(rows)
        metrics.OUTBOX_PARKED.set(parked)
        metrics.OUTBOX_AGE.set(float(age))
        metrics.DATABASE_BYTES.set(size)
        for consumer in self.consumers:
            metrics.DEAD_LETTERS.labels(consumer.durable).set(dead.get(consumer.durable, 0))
        return {
            "outbox_rows": int(rows),
            "outbox_age_seconds": round(float(age), 3),
            "parked": int(parked),
            "dead_letters": sum(dead.values()),
            "database_bytes": int(size),
            "outside_partitions": int(outside),
            "lag": {consumer.durable: consumer.lag for consumer in self.consumers},
        }


@contextlib.asynccontextmanager
async def _watched(db: Database, outbox_limit: int) -> AsyncIterator[None]:
    """The API's pool, which refuses at once what could not be carried out; closed at the end."""
    watching = [asyncio.create_task(watch) for watch in (watch_room(db, outbox_limit), watch_suspended(db), db.watch())]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await db.close()


def _database(url: str, role: Part) -> Database:
    """The pool of a role, with its metrics."""
    db = Database(url)
    pool: Any = db.engine.pool
    metrics.POOL_LIMIT.labels(role).set(2 * pool.size())  # as many again when they are needed
    metrics.POOL_IN_USE.labels(role).set_function(pool.checkedout)
    return db


def _lifespan(service: Service, settings: Settings, api: Database | None, worker: Worker | None) -> Lifespan:
    """What runs as long as the application does."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.db, app.state.settings = api, settings
        async with contextlib.AsyncExitStack() as running:
            running.push_async_callback(asyncio.to_thread, stop_tracing)
            if api:
                await running.enter_async_context(_watched(api, settings.outbox_limit))
            if api and service.site:
                await running.enter_async_context(service.site(app, settings))
            if worker:
                running.push_async_callback(worker.db.close)
                running.push_async_callback(worker.stop)
                await worker.start()
            yield

    return lifespan


def build(service: Service, settings: Settings, parts: Sequence[Part] = ("api", "worker")) -> FastAPI:
    """The ASGI application of `service`; its lifespan runs the worker where `parts` asks for it."""
    api = _database(settings.database_url_api, "api") if "api" in parts else None
    worker = Worker(service, settings, _database(settings.database_url_worker, "worker")) if "worker" in parts else None

    async def problems() -> list[str]:
        away = [db for db in (api, worker.db if worker else None) if db is not None and not await db.answers()]
        ending = ["told to end"] if is_stopping(app) else []
        return ending + (worker.problems() if worker else []) + ["database away"] * bool(away)

    async def status() -> dict[str, Any]:
        return await worker.status() if worker else {}

    app = create_app(
        title=service.title,
        name=service.name,
        version=VERSION,
        routers=service.routers if api else (),
        tokens=token_verifier(settings),
        titles=service.titles,
        readiness=problems,
        status=status,
        figures=worker.figures if worker else None,
        lifespan=_lifespan(service, settings, api, worker),
        forms=service.site is not None,
    )
    _describe(app, service)
    return app


def _describe(app: FastAPI, service: Service) -> None:
    """What can be asked (beside /openapi.json), and what it tells and hears: for programs and as pages."""
    told = [message for message in messages() if message.stream() == service.name.upper()]
    described = document(service.name, service.title, VERSION, told, service.subscriptions)

    async def asyncapi(_request: Request) -> Response:
        return JSONResponse(described)

    async def asyncapi_page(_request: Request) -> Response:
        return messages_page(described, "/asyncapi.json")

    async def docs(_request: Request) -> Response:
        return routes_page(app.openapi(), "/openapi.json")

    for path, answer in (("/asyncapi.json", asyncapi), ("/asyncapi", asyncapi_page), ("/docs", docs)):
        app.add_route(path, answer, include_in_schema=False)


def main(service: Service) -> None:
    """`python -m services.<name> [--only api|worker]`, settings from the environment."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}", description=service.title)
    parser.add_argument("--only", choices=("api", "worker"), help="run one half; default: both in one process")
    only: Part | None = parser.parse_args().only
    needed = {"api": ["database_url_api", "jwks"], "worker": ["database_url_worker", "nats_url", "jwks"]}
    needed["api"] += ["nats_url"] * service.reads_road
    needed["api"] += ["portal_key_file", "services"] if service.site else []
    parts: tuple[Part, ...] = (only,) if only else ("api", "worker")
    try:
        settings = Settings.load(*{name for part in parts for name in needed[part]})
    except SettingsIncomplete as error:
        parser.error(str(error))
    configure_logging(service.name, settings.log_level)
    start_tracing(service.name, VERSION)
    metrics.BUILD.labels(service.name, VERSION).set(1)
    metrics.OUTBOX_LIMIT.set(settings.outbox_limit)
    app = build(service, settings, parts)
    # What was loaded so far stays; looking through it again and again took half the time of reading a batch.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    serve(app, settings)
