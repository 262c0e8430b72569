"""Batches of one durable: what is there, at once, and the next one under way while one is handled."""

import asyncio
from collections import deque
from time import monotonic

import orjson
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NothingCame
from nats.js.client import JetStreamContext

#: How long a batch that is not full waits for more: a transaction for each message would cost more than it wins.
LINGER_SECONDS = 0.02
_STEP_SECONDS = 0.004
_REQUEST_SECONDS = 2.0
_CLOSED_SECONDS = 0.1


class Pull:
    """Fetches for a subscription of FastStream, in place of nats-py.

    nats-py takes five turns of the event loop for each message, waits for a full batch, and drops whatever carries a
    header "Status"; and the server would rest while a batch is handled. Here one request is always under way.
    """

    def __init__(self, subscription: JetStreamContext.PullSubscription, batch: int) -> None:
        """Takes over the inbox of `subscription`, which must not have fetched yet."""
        self.taken: list[Msg] = []
        self.ahead: deque[Msg] = deque()
        self._batch, self._owed, self._until = batch, 0, 0.0
        self._sub, self._connection = subscription._sub, subscription._nc
        self._request, self._inbox = subscription._nms, subscription._deliver
        subscription.fetch = self.fetch  # type: ignore[method-assign,assignment]

    async def fetch(self, batch: int, timeout: float) -> list[Msg]:  # noqa: ASYNC109 - as nats-py names it
        """At most a batch; raises NothingCame after `timeout` seconds, and when asked to fill one up: nothing waits for that."""
        if batch < self._batch:
            raise NothingCame
        if self._connection.is_closed:  # FastStream asks again at once, for ever, and nobody else would get a turn
            await asyncio.sleep(_CLOSED_SECONDS)
        if not self._look():
            await self._ask()  # only now: what we looked at may have been the end of the last request
            self._sort(await self._sub.next_msg(timeout))
        end = monotonic() + LINGER_SECONDS
        while self._look() < self._batch and monotonic() < end:
            await self._ask()
            await asyncio.sleep(_STEP_SECONDS)
        self.taken = [self.ahead.popleft() for _ in range(min(self._batch, len(self.ahead)))]
        await self._ask()
        return self.taken

    def in_hand(self) -> list[Msg]:
        """What was delivered to us and is not settled."""
        self._look()
        return [message for message in (*self.taken, *self.ahead) if not message.is_acked]

    async def give_back(self) -> None:
        """Have the server deliver at once, to whoever asks, what would otherwise wait for its time to run out."""
        for message in self.in_hand():
            await message.nak()

    async def _ask(self) -> None:
        room, now = self._batch - len(self.ahead), monotonic()
        if room > 0 and (self._owed <= 0 or now > self._until):
            self._owed, self._until = room, now + _REQUEST_SECONDS + 1  # a lost request is never answered
            request = {"batch": room, "expires": int(_REQUEST_SECONDS * 1e9)}
            await self._connection.publish(self._request, orjson.dumps(request), reply=self._inbox)

    def _look(self) -> int:
        """Take over what has come; returns how many messages there are."""
        queue = self._sub._pending_queue
        while not queue.empty():
            message = queue.get_nowait()
            queue.task_done()
            self._sub._pending_size -= len(message.data)
            self._sort(message)
        return len(self.ahead)

    def _sort(self, message: Msg) -> None:
        if message.reply:
            self._owed -= 1
            self.ahead.append(message)
        elif (message.headers or {}).get("Status") == "408":
            self._owed = 0  # the request has run out; after any other refusal we wait until it would have
