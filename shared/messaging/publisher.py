"""Messages to JetStream, many unacknowledged at a time, and one answer for each."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import nats.errors
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import BadHeaderError, BadSubjectError, MaxPayloadError
from nats.js.errors import APIError, BadRequestError, NoStreamResponseError

from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.streams import heed_cancellation

ACK_SECONDS = 5.0

#: What the server says about one message; everything else says that the road is away.
REFUSALS = (BadRequestError, MaxPayloadError, BadSubjectError, BadHeaderError)

#: The message's sequence in its stream, or why it is not there.
Answer = int | Exception


class Posting(NamedTuple):
    """A message as it goes on the road. The broker drops a `message_id` that it saw lately."""

    subject: str
    body: str
    message_id: str
    traceparent: str | None


class Publisher:
    """Publishes for one caller at a time, with at most `window` messages unacknowledged.

    nats-py's own `publish_async` costs a task and a token for each message, and loses refusals (nats.py issue 985).
    """

    def __init__(self, connection: Client, window: int = 512) -> None:
        self.connection, self.window = connection, window
        self._inbox = ""
        self._numbers = 0
        self._waiting: dict[str, int] = {}
        self._answers: list[Answer | None] = []
        self._enough, self._most = asyncio.Event(), 0

    async def send(self, postings: Sequence[Posting]) -> list[Answer]:
        """Publish all, and return what was answered of each within some seconds; it never raises what the road says."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + ACK_SECONDS
        self._answers, away = [None] * len(postings), None
        try:
            await self._listen()
            for place, posting in enumerate(postings):
                if len(self._waiting) >= self.window:
                    await self._until_at_most(self.window // 2, deadline)
                elif clock() > deadline:  # a server that takes nothing makes each publish wait
                    raise nats.errors.TimeoutError
                await self._publish(place, posting)
            await self._until_at_most(0, deadline)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            away = error
        finally:
            self._waiting.clear()
        return [answer if answer is not None else away or nats.errors.TimeoutError() for answer in self._answers]

    async def _listen(self) -> None:
        if not self._inbox:
            inbox = f"{self.connection.new_inbox()}."
            await self.connection.subscribe(f"{inbox}*", cb=self._answered)
            self._inbox = inbox

    async def _publish(self, place: int, posting: Posting) -> None:
        headers = {"Nats-Msg-Id": posting.message_id, "Content-Type": CONTENT_TYPE}
        if posting.traceparent:
            headers["traceparent"] = posting.traceparent
        self._numbers += 1
        number = str(self._numbers)
        self._waiting[number] = place
        try:
            await self.connection.publish(
                posting.subject, posting.body.encode(), reply=self._inbox + number, headers=headers
            )
        except REFUSALS as error:
            del self._waiting[number]
            self._answers[place] = error

    async def _until_at_most(self, most: int, deadline: float) -> None:
        self._most = most
        while len(self._waiting) > most:
            heed_cancellation()
            self._enough.clear()
            async with asyncio.timeout_at(deadline):
                await self._enough.wait()

    async def _answered(self, message: Msg) -> None:
        place = self._waiting.pop(message.subject[len(self._inbox) :], None)
        if place is not None:
            self._answers[place] = _answer(message)
            if len(self._waiting) <= self._most:
                self._enough.set()


def _answer(message: Msg) -> Answer:
    if message.headers:  # nobody is there who would say more
        return NoStreamResponseError()
    told = orjson.loads(message.data)
    if "error" not in told:
        return int(told["seq"])
    try:
        APIError.from_error(told["error"])
    except APIError as error:
        return error
    raise AssertionError("unreachable")
