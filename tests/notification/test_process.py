"""The service as it runs: its own process, real NATS, PostgreSQL, directory and mail server, killed in the middle."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from deploy.embedded.nats import Nats
from deploy.embedded.process import free_port
from services.notification.app import SERVICE
from services.notification.notice.proof import prove_notices
from shared.contracts.base import Message
from shared.eventstore.decider import Recorded
from shared.messaging.envelope import Received, encode
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until
from tests.notification import world
from tests.notification.conftest import Notification, Posting
from tests.notification.world import development_plan, known

_ROOT = Path(__file__).resolve().parents[2]
_PLANS = 80


class Process:
    """`python -m services.notification`, started and killed at will."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = os.environ | environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Begin."""
        command = [sys.executable, "-m", "services.notification"]
        quiet = asyncio.subprocess.DEVNULL
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=_ROOT, env=self._environment, stdout=quiet, stderr=quiet
        )

    async def end(self, how: signal.Signals) -> None:
        """End it and wait until it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


@pytest.fixture
async def process(empty: Notification, posting: Posting, nats_server: Nats, tmp_path: Path) -> AsyncIterator[Process]:
    """The service, not yet started, with streams and durables declared."""
    client = await connect(nats_server.url)
    services = sorted({SERVICE.name} | {each.stream.lower() for each in SERVICE.subscriptions})
    await apply(client.jetstream(), services, SERVICE.subscriptions)
    await client.close()
    environment = {
        "KINERJA_ENVIRONMENT": "embedded",
        "KINERJA_PORT": str(free_port()),
        "KINERJA_DATABASE_URL_API": empty.api.url,
        "KINERJA_DATABASE_URL_WORKER": empty.worker.url,
        "KINERJA_NATS_URL": nats_server.url,
        "KINERJA_JWKS": str(tmp_path / "jwks.json"),
    }
    made = Process(environment | posting.environment())
    yield made
    await made.end(signal.SIGKILL)


async def publish(nats_server: Nats, messages: list[Received[Message]]) -> None:
    """Put messages on the road, as relays do."""
    client = await connect(nats_server.url)
    for message in messages:
        meta = {"correlation_id": message.correlation_id}
        place = message.instansi, message.source, message.version, message.occurred_at, message.recorded_at
        body = encode(message.data, Recorded(*place, meta), message.epoch)
        await client.jetstream().publish(message.data.subject(message.instansi), body.encode())
    await client.close()


async def _mailed(posting: Posting, enough: int) -> bool:
    return len(posting.mail.mails) >= enough


@pytest.mark.usefixtures("contacts")
async def test_killed_again_and_again_it_tells_everybody_once_and_mails_everything(
    empty: Notification, posting: Posting, nats_server: Nats, process: Process
) -> None:
    plans = [
        world.received(development_plan().data.model_copy(update={"development_plan": known(f"p{n}")}), known(f"p{n}"))
        for n in range(_PLANS)
    ]
    # What a killed one had in hand comes again only after a minute; being sent again does not wait for that.
    for enough, sent in ((1, plans[: _PLANS // 2]), (20, plans[: _PLANS // 2]), (0, plans)):
        await process.start()
        await publish(nats_server, [*sent, *world.office()])
        await until(partial(_mailed, posting, enough), seconds=120)
        if enough:
            await process.end(signal.SIGKILL)
    await empty.rows("UPDATE notice SET claimed_until = now() WHERE status = 'waiting'")

    async def finished() -> bool:
        [row] = await empty.rows("SELECT count(*) FILTER (WHERE status = 'sent') FROM notice")
        return bool(row[0] == 2 * _PLANS)

    await until(finished, seconds=120)
    await process.end(signal.SIGTERM)
    [row] = await empty.rows("SELECT count(*), count(DISTINCT event_id) FROM notice")
    assert (row[0], row[1]) == (4 * _PLANS, _PLANS)
    ids = {mail["Message-ID"] for mail in posting.mail.mails}
    known_ids = await empty.rows("SELECT '<' || id || '@kinerja.medan>' FROM notice WHERE channel = 'mail'")
    assert ids == {row[0] for row in known_ids}
    assert await prove_notices(empty.worker, None) == []
    assert await empty.rows("SELECT 1 FROM dead_letters") == []
