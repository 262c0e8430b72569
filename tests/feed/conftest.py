"""The feed on real PostgreSQL and NATS: what is told on the road, and what an outside system gets of it."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from nats.aio.client import Client
from nats.js.errors import ServerError
from sqlalchemy import text

from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import free_port
from deploy.provision import Database as Made
from services.feed.app import SERVICE
from services.feed.tables import FeedTable
from services.feed.webhook import api as webhooks
from services.feed.webhook import tables as webhook_tables
from shared.contracts.schema_files import SAMPLES
from shared.eventstore.database import Database
from shared.messaging.reading import Road
from shared.messaging.streams import apply, connect
from shared.testing.infrastructure import Databases
from shared.testing.waiting import until
from shared.web.app import create_app
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.keys import KeySource
from shared.web.tokens import DEVELOPMENT_ISSUER, TokenVerifier
from tests.feed.process import Process
from tests.feed.receiver import Receiver

KEY = new_signing_key()
assert webhook_tables.EndpointRow.metadata is FeedTable.metadata
STREAMS = ("activity", "appraisal", "directory", "training", "feed")
VERIFIED, SCORE, GAP = "activity.entry.verified.v1", "appraisal.score.changed.v1", "appraisal.gap.found.v1"
RENEWED = "appraisal.record.renewed.v1"


@dataclass
class Feed:
    """The service as tests use it, and the road it reads."""

    client: httpx.AsyncClient
    api: Database
    worker: Database
    nats: Client
    road: Road

    async def call(self, method: str, path: str, *roles: str, **more: Any) -> httpx.Response:
        """One request by hr of medan, or by a system when `subject` names it."""
        instansi, subject = more.pop("instansi", "medan"), more.pop("subject", "")
        person = None if subject else UUID("0197a000-0000-7000-8000-000000000001")
        token = development_token(
            KEY,
            instansi=instansi,
            roles=roles or (("system",) if subject else ("hr",)),
            employee=person,
            subject=subject,
        )
        headers = {"Authorization": f"Bearer {token}"}
        return await self.client.request(method, f"/api/v1/{instansi}{path}", headers=headers, **more)

    async def ok(self, method: str, path: str, **more: Any) -> Any:
        """The answer of a request that must succeed."""
        answer = await self.call(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def tell(self, kind: str, count: int = 1, instansi: str = "medan", run: str = "", **more: Any) -> list[str]:
        """Publish as many events of a type, each with an id of its own; with `run` as a republish does. Their ids."""
        sample = orjson.loads((SAMPLES / f"{kind}.json").read_bytes())
        now = datetime.now(UTC).isoformat()
        told = [sample | {"id": str(uuid4()), "instansi": instansi, "recordedat": now} | more for _ in range(count)]
        for event in told:
            mark = {"Nats-Msg-Id": event["id"] + (f":r{run}" if run else "")}
            await self.nats.jetstream().publish(f"kinerja.{instansi}.{kind}", orjson.dumps(event), headers=mark)
        return [event["id"] for event in told]

    async def rows(self, sql: str, **parameters: Any) -> Any:
        """What the worker sees in the database, or changes there."""
        async with self.worker.transaction() as conn:
            result = await conn.execute(text(sql), parameters)
            return result.all() if result.returns_rows else []

    async def lay_road(self) -> None:
        """Declare the streams that are not there."""

        async def laid() -> bool:
            with contextlib.suppress(ServerError):  # the server is still at it to remove the files of one of that name
                await apply(self.nats.jetstream(), STREAMS, SERVICE.subscriptions)
                return True
            return False

        await until(laid)
        self.road._extents.clear()

    async def wipe_road(self) -> None:
        """Take every stream away with all that it holds."""
        for stream in await self.nats.jetstream().streams_info():
            await self.nats.jetstream().delete_stream(str(stream.config.name))


def ids(answer: Any) -> list[str]:
    """The ids of the events in an answer of the pull feed."""
    return [event["id"] for event in answer["events"]]


def ago(**parts: float) -> str:
    """A moment before now, as JSON says it."""
    return (datetime.now(UTC) - timedelta(**parts)).isoformat()


@pytest.fixture(scope="module")
def made(postgres: Postgres, _templates: dict[str, str]) -> Iterator[Made]:
    """The database of this service, made once a module: tests empty it."""
    databases = Databases(postgres, _templates)
    yield databases("feed")
    databases.drop_all()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The file with the keys of tokens."""
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks_of(KEY))
    return path


@pytest.fixture
def secrets_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The embedded system's settings, with a key for secrets."""
    key = "0123456789abcdef0123456789abcdef"
    monkeypatch.setenv("KINERJA_ENVIRONMENT", "embedded")
    monkeypatch.setenv("KINERJA_WEBHOOK_KEYS", key)
    for each in (webhooks._rules, webhooks._keyring):
        each.cache_clear()
    yield key
    for each in (webhooks._rules, webhooks._keyring):
        each.cache_clear()


@pytest.fixture
async def feed(made: Made, keys: Path, nats_server: Nats, secrets_key: str) -> AsyncIterator[Feed]:
    """The service's API, with empty streams and tables, of which medan and jambi are known."""
    api, worker, owner = (Database(made.url(role)) for role in ("api", "worker", "owner"))
    tokens = TokenVerifier(KeySource(str(keys)), issuers=[DEVELOPMENT_ISSUER], environment="embedded")
    app = create_app(
        name=SERVICE.name,
        title=SERVICE.title,
        version="test",
        routers=SERVICE.routers,
        tokens=tokens,
        readiness=_nothing_wrong,
        status=_no_status,
        titles=SERVICE.titles,
    )
    nats = await connect(nats_server.url)
    app.state.db, app.state.road = api, Road(nats)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://feed", timeout=60) as client:
        found = Feed(client, api, worker, nats, app.state.road)
        await found.wipe_road()
        await found.lay_road()
        async with owner.transaction() as conn:
            for table in ("outbox", "published", "inbox", *FeedTable.metadata.tables):
                await conn.execute(text(f"DELETE FROM {table}"))
        await found.rows("INSERT INTO heard_instansi VALUES ('medan', 1, 1, false), ('jambi', 1, 1, false)")
        yield found
    await asyncio.gather(api.close(), worker.close(), owner.close(), nats.close())


@pytest.fixture
async def processes(feed: Feed, nats_server: Nats, keys: Path, secrets_key: str) -> AsyncIterator[list[Process]]:
    """Two of them, not yet started."""
    environment = {
        "KINERJA_ENVIRONMENT": "embedded",
        "KINERJA_DATABASE_URL_API": feed.api.url,
        "KINERJA_DATABASE_URL_WORKER": feed.worker.url,
        "KINERJA_NATS_URL": nats_server.url,
        "KINERJA_JWKS": str(keys),
        "KINERJA_WEBHOOK_KEYS": secrets_key,
    }
    made = [Process(environment | {"KINERJA_PORT": str(free_port())}) for _ in range(2)]
    yield made
    for each in made:
        await each.end(signal.SIGKILL)


@pytest.fixture
async def open_receiver() -> AsyncIterator[Callable[..., Any]]:
    """Makes receivers that are closed at the end."""
    made: list[Receiver] = []

    async def make(**manners: Any) -> Receiver:
        made.append(Receiver(**manners))
        await made[-1].open()
        return made[-1]

    yield make
    for each in made:
        assert each.problems == []
        await each.close()


async def _nothing_wrong() -> list[str]:
    return []


async def _no_status() -> dict[str, Any]:
    return {}
