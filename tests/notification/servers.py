"""Real servers that tests can break: a mail server that refuses on demand, and the directory."""

import asyncio
import email
import email.policy
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from email.message import EmailMessage
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from deploy.embedded.process import free_port
from services.directory.app import SERVICE
from shared.eventstore.database import Database
from shared.web.app import create_app
from shared.web.tokens import TokenVerifier
from tests.notification.world import NAMES


class MailServer:
    """Keeps what it accepts; `answers` are given to the coming RCPT commands, then everything is accepted.

    The answer "hang up" ends the connection, "silence" leaves it waiting for ever (and sets `waits`). Unless
    `answering` it keeps mails but does not say so. `kept` is set with each mail.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.answering = asyncio.Event()
        self.answering.set()
        self.kept = asyncio.Event()
        self.waits = asyncio.Event()
        self.mails: list[EmailMessage] = []
        self.answers: list[str] = []
        self.connections = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""

        def connected() -> SMTP:
            self.connections += 1
            return SMTP(self, enable_SMTPUTF8=True, hostname="localhost")

        self._server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", self.port)

    async def stop(self) -> None:
        """Refuse connections and close those there are."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        """A refusal that is due, or acceptance."""
        if self.answers:
            answer = self.answers.pop(0)
            if answer == "silence":
                self.waits.set()
                await asyncio.Event().wait()
            if answer == "hang up":
                assert isinstance(server.transport, asyncio.Transport)
                server.transport.abort()
            if not answer.startswith("2"):
                return answer
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(email.message_from_bytes(content, policy=email.policy.default))
        self.kept.set()
        await self.answering.wait()
        return "250 kept"

    def told(self) -> list[tuple[str, str]]:
        """Recipient and subject of each mail, in order."""
        return [(str(mail["To"]), str(mail["Subject"])) for mail in self.mails]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the test run keeps its own


@asynccontextmanager
async def directory(port: int, tokens: TokenVerifier, db: Database) -> AsyncIterator[None]:
    """The directory service's HTTP face on `port`, over its database."""

    async def nothing() -> list[str]:
        return []

    async def empty() -> dict[str, Any]:
        return {}

    app = create_app(
        name=SERVICE.name,
        title=SERVICE.title,
        version="test",
        routers=SERVICE.routers,
        tokens=tokens,
        readiness=nothing,
        status=empty,
    )
    app.state.db = db
    server = _Server(uvicorn.Config(app, "127.0.0.1", port, log_config=None, access_log=False, lifespan="off"))
    task = asyncio.create_task(server.serve())
    await server.listening.wait()
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def fill_directory(db: Database) -> None:
    """The people of the small agency with names and addresses, as its roster would have brought them."""
    people = [
        {"id": str(person), "name": name, "email": f"{name.split()[0].lower()}@medan.example"}
        for person, name in NAMES.items()
    ]
    async with db.transaction() as conn:
        await conn.execute(
            text(
                "INSERT INTO instansi (instansi, name, created_by, changed_by) VALUES ('medan', 'Medan', 'test', 'test')"
            )
        )
        await conn.execute(
            text(
                "INSERT INTO employees (instansi, id, kind, name, email, language, active, created_by, changed_by)"
                " VALUES ('medan', :id, 'PNS', :name, :email, 'id', true, 'test', 'test')"
            ),
            people,
        )
