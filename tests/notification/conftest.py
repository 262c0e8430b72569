"""The notification service on real PostgreSQL, a real mail server, and a directory that knows contacts."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from deploy.embedded.postgres import Postgres
from deploy.embedded.process import free_port
from deploy.provision import Database as Made
from services.notification.app import SERVICE
from services.notification.channel.contacts import Contacts
from services.notification.channel.post import Post
from services.notification.notice.sender import Sender
from services.notification.tables import NotificationTable
from shared.eventstore.database import Database
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received
from shared.testing.infrastructure import Databases
from shared.web.app import create_app
from shared.web.development import development_token, jwks_of, new_signing_key
from shared.web.keys import KeySource
from shared.web.tokens import DEVELOPMENT_ISSUER, EVERY_INSTANSI, TokenVerifier
from tests.notification import world
from tests.notification.servers import MailServer, directory, fill_directory

FROM = "Kinerja <kinerja@localhost>"

_KEY = new_signing_key()
_HEARD = ("heard_instansi", "heard_unit", "heard_position", "heard_employee", "heard_assignment")


@dataclass
class Notification:
    """The service as tests use it."""

    client: httpx.AsyncClient
    api: Database
    worker: Database
    tokens: TokenVerifier

    async def hear(self, *messages: Received[Any]) -> None:
        """Deliver each message to every subscription that reads its type, all of them in one batch."""
        for subscription in SERVICE.subscriptions:
            wanted = [m for m in messages if type(m.data) in subscription.messages]
            if wanted:
                await deliver(self.worker, subscription, wanted)

    async def rows(self, sql: str, **parameters: Any) -> Sequence[Any]:
        """What the worker sees in the database, or changes there."""
        async with self.worker.transaction() as conn:
            result = await conn.execute(text(sql), parameters)
            return result.all() if result.returns_rows else []

    async def notices(self) -> set[tuple[UUID, str, str]]:
        """Person, channel and template of every notice."""
        rows = await self.rows("SELECT person, channel, template FROM notice")
        told = {(row[0], row[1], row[2]) for row in rows}
        assert len(told) == len(rows), "a person was told the same twice; compare whole rows"
        return told

    async def call(
        self,
        method: str,
        path: str,
        employee: UUID | None,
        *roles: str,
        instansi: str = "medan",
        language: str = "",
        json: Any = None,
    ) -> httpx.Response:
        """One request, by a member of staff unless told otherwise."""
        token = development_token(_KEY, instansi=instansi, roles=roles or ("staff",), employee=employee)
        headers = {"Authorization": f"Bearer {token}"} | ({"Accept-Language": language} if language else {})
        return await self.client.request(method, f"/api/v1/{instansi}{path}", headers=headers, json=json)


@pytest.fixture
def tokens(tmp_path: Path) -> TokenVerifier:
    """What tells good tokens from bad ones."""
    keys = tmp_path / "jwks.json"
    keys.write_bytes(jwks_of(_KEY))
    return TokenVerifier(KeySource(str(keys)), issuers=[DEVELOPMENT_ISSUER], environment="embedded")


@pytest.fixture(scope="module")
def made(postgres: Postgres, _templates: dict[str, str]) -> Iterator[Mapping[str, Made]]:
    """The databases of this service and of the directory, made once a module: tests empty them."""
    databases = Databases(postgres, _templates)
    yield {service: databases(service) for service in ("notification", "directory")}
    databases.drop_all()


async def _emptied(made: Made, *tables: str) -> None:
    owner = Database(made.url("owner"))
    async with owner.transaction() as conn:
        for table in tables:
            await conn.execute(text(f"DELETE FROM {table}"))
    await owner.close()


@pytest.fixture
async def empty(made: Mapping[str, Made], tokens: TokenVerifier) -> AsyncIterator[Notification]:
    """The service, which has heard nothing."""
    own = made["notification"]
    await _emptied(own, "inbox", "tries", "dead_letters", *NotificationTable.metadata.tables, *_HEARD)
    api, worker = Database(own.url("api")), Database(own.url("worker"))
    app = create_app(
        name=SERVICE.name,
        title=SERVICE.title,
        version="test",
        routers=SERVICE.routers,
        tokens=tokens,
        readiness=_nothing_wrong,
        status=_no_status,
    )
    app.state.db = api
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notification") as client:
        yield Notification(client, api, worker, tokens)
    await api.close()
    await worker.close()


@pytest.fixture
async def service(empty: Notification) -> Notification:
    """The service, which has heard of the small agency."""
    await empty.hear(*world.office())
    return empty


@dataclass
class Posting:
    """A sender with the servers it needs; the directory may be away."""

    sender: Sender
    contacts: Contacts
    mail: MailServer
    directory_port: int
    token_file: Path
    tokens: TokenVerifier
    database: Database

    def directory(self) -> AbstractAsyncContextManager[None]:
        """The directory, at work while the context is open."""
        return directory(self.directory_port, self.tokens, self.database)

    async def change(self, person: UUID, column: str, value: Any) -> None:
        """Change what the directory knows of a person."""
        async with self.database.transaction("medan") as conn:
            await conn.execute(text(f"UPDATE employees SET {column} = :v WHERE id = :p"), {"v": value, "p": person})

    def another_sender(self) -> Sender:
        """As in a second process: with a connection of its own to the mail server."""
        return Sender(Post("127.0.0.1", self.mail.port), self.contacts, FROM)

    def environment(self) -> dict[str, str]:
        """The settings of a process that sends mail with these servers."""
        return {
            "KINERJA_SMTP_HOST": "127.0.0.1",
            "KINERJA_SMTP_PORT": str(self.mail.port),
            "KINERJA_MAIL_FROM": FROM,
            "KINERJA_DIRECTORY_URL": f"http://127.0.0.1:{self.directory_port}",
            "KINERJA_SYSTEM_TOKEN_FILE": str(self.token_file),
        }


@pytest.fixture
async def posting(made: Mapping[str, Made], tokens: TokenVerifier, tmp_path: Path) -> AsyncIterator[Posting]:
    """A mail server that listens and a directory that is away until a test starts it."""
    theirs = made["directory"]
    await _emptied(theirs, "lookups", "employees", "instansi")
    worker, database = Database(theirs.url("worker")), Database(theirs.url("api"))
    await fill_directory(worker)
    mail, port = MailServer(), free_port()
    await mail.start()
    token = tmp_path / "system-token"
    token.write_text(development_token(_KEY, instansi=EVERY_INSTANSI, roles=["system"], subject="system"))
    contacts, post = Contacts(f"http://127.0.0.1:{port}", token), Post("127.0.0.1", mail.port)
    yield Posting(Sender(post, contacts, FROM), contacts, mail, port, token, tokens, database)
    post.drop()
    await contacts.close()
    await mail.stop()
    await worker.close()
    await database.close()


@pytest.fixture
async def contacts(posting: Posting) -> AsyncIterator[None]:
    """The directory, at work."""
    async with posting.directory():
        yield


async def _nothing_wrong() -> list[str]:
    return []


async def _no_status() -> dict[str, Any]:
    return {}
