"""A server with rights, streams and somebody who connects to it."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from deploy.embedded.nats import Nats
from deploy.nats.access import ADMIN, access
from deploy.nats.description import Subscriber
from deploy.nats.inside import inside
from shared.messaging.streams import apply


class Guarded(Nats):
    """A server that knows every service and the `subscribers`; everybody's password is `passwords[user]`, else the user's name."""

    def __init__(self, folder: Path) -> None:
        self.subscribers: Mapping[str, Subscriber] = {}
        self.passwords: dict[str, str] = {}
        self._inside = inside()
        super().__init__(folder / "nats", folder / "nats.log", rights=self._access)

    def _access(self) -> Mapping[str, object]:
        return access(self._inside, self.subscribers, lambda user: self.passwords.get(user, user))


class People:
    """Connections; `refused` has what the server refused each of them."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self.url, self._stack = url, stack
        self.refused: dict[str, list[str]] = {}

    async def connect(self, user: str, password: str | None = None, **options: object) -> Client:
        """A client of this user; services have an inbox of their own."""
        refusals = self.refused.setdefault(user, [])

        async def note(error: Exception) -> None:
            refusals.append(str(error))

        prefix = "_INBOX" if user == ADMIN else f"_INBOX_{user}"
        login = {"user": user, "password": password or user, "inbox_prefix": prefix, "error_cb": note}
        client = await nats.connect(self.url, **login | options)
        self._stack.push_async_callback(client.close)
        return client


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    made = Guarded(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def people(guarded: Guarded) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(guarded.url, stack)


@pytest.fixture
async def admin(people: People) -> Client:
    """Whoever declared the streams of activity and appraisal."""
    client = await people.connect(ADMIN)
    await apply(client.jetstream(), ["activity", "appraisal"], [])
    return client
