"""The one way to hear other services: batches in, one transaction each, and nothing lost, stuck or counted twice."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import Any
from weakref import WeakSet

import structlog
from faststream import AckPolicy
from faststream.nats import ConsumerConfig, JStream, NatsBroker, NatsUserPassword, PullSub
from faststream.params import NoCast
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from sqlalchemy import text

from shared.eventstore.database import Database, is_outage
from shared.messaging import dead_letters
from shared.messaging.delivery import deliver
from shared.messaging.envelope import ContractBroken, Received, decode
from shared.messaging.streams import ACK_WAIT_SECONDS, Subscription
from shared.observability import metrics

log = structlog.get_logger(__name__)

MAX_TRIES = 5
WAIT_SECONDS = 0.1
_WATCH_SECONDS = 2.0

_TRY = text("""
INSERT INTO tries AS t (durable, event_id, count, error) VALUES (:durable, :event_id, 1, :error)
ON CONFLICT (durable, event_id) DO UPDATE SET count = t.count + 1, error = excluded.error, last_at = now() RETURNING count
""")

Item = tuple[Msg, Received[Any]]


async def _raw(message: Any) -> Any:
    return message.raw_message


def new_broker(url: str, user: str, password: str, name: str) -> NatsBroker:
    """A broker that reconnects for ever; closed for good without `stop_broker`, it ends the process (it would hang)."""

    async def closed() -> None:
        if broker not in _stopping:
            log.critical("nats.closed_for_good")
            os._exit(70)

    broker = NatsBroker(
        url,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=10,
        max_outstanding_pings=2,
        graceful_timeout=20,
        inbox_prefix=f"_INBOX_{name}",
        closed_cb=closed,
        logger=None,
        security=NatsUserPassword(user, password) if user else None,
    )
    return broker


_stopping: WeakSet[NatsBroker] = WeakSet()


async def stop_broker(broker: NatsBroker) -> None:
    """Close the connection on purpose, whether or not the server is there."""
    _stopping.add(broker)
    with contextlib.suppress(NatsError):
        await broker.stop()


class Consumer:
    """One durable at work. `problem` says why it does not fetch, None while it does."""

    def __init__(self, broker: NatsBroker, subscription: Subscription, db: Database, name: str) -> None:
        """`name` is the service; its NATS user may only listen on `_INBOX_<name>`."""
        self.broker, self.subscription, self.db, self.name = broker, subscription, db, name
        self.durable = subscription.durable
        self.problem: str | None = "starting"
        self.lag = 0
        self._running: Any = None

    async def watch(self) -> None:
        """Fetch while the durable exists, stop when it is gone, resume when it is back. Runs until cancelled."""
        while True:
            try:
                info = await self.broker._connection.jetstream().consumer_info(self.subscription.stream, self.durable)  # type: ignore[union-attr]
                self.lag = info.num_pending + info.num_ack_pending if info.num_pending is not None else 0
                metrics.CONSUMER_LAG.labels(self.durable).set(self.lag)
                if self._running is None:
                    await self._start()
            except NotFoundError:
                await self.stop()
                self.problem = f"durable {self.durable} is missing: run `kinerja streams apply`"
                log.error("consumer.durable_missing", durable=self.durable)
            except (NatsError, OSError, TimeoutError) as error:
                self.problem = f"NATS away: {error!r}"
            await asyncio.sleep(_WATCH_SECONDS)

    async def _start(self) -> None:
        self._running = self.broker.subscriber(
            stream=JStream(self.subscription.stream, declare=False),
            durable=self.durable,
            config=ConsumerConfig(filter_subjects=list(self.subscription.subjects)),
            pull_sub=PullSub(batch_size=self.subscription.batch, timeout=WAIT_SECONDS, batch=True),
            ack_policy=AckPolicy.MANUAL,
            decoder=_raw,
            inbox_prefix=f"_INBOX_{self.name}.".encode(),
        )
        self._running(self._on_batch)
        await self._running.start()
        self.problem = None

    async def stop(self) -> None:
        """Finish the batch in hand and fetch no more."""
        if self._running is not None:
            running, self._running = self._running, None
            await running.stop()

    async def _on_batch(self, messages: NoCast[list[Msg]]) -> None:
        async with _kept_alive(messages):
            metrics.BATCH_SIZE.labels(self.durable).observe(len(messages))
            with metrics.HANDLER_SECONDS.labels(self.durable).time():
                await self._settle([item for message in messages if (item := await self._read(message)) is not None])

    async def _read(self, message: Msg) -> Item | None:
        try:
            headers = message.headers or {}
            return message, decode(
                message.data, message.subject, self.subscription.messages, headers.get("traceparent")
            )
        except ContractBroken as error:
            await self._bury(message, (message.headers or {}).get("Nats-Msg-Id"), "contract", error, 1)
            return None

    async def _settle(self, items: Sequence[Item]) -> None:
        """Deliver; on failure halve until the culprit stands alone. An outage counts as no try: wait and go on."""
        while items:
            try:
                await deliver(self.db, self.subscription, [received for _, received in items])
            except Exception as error:  # noqa: BLE001 - whatever a handler raises must end as a retry or a dead letter
                if is_outage(error):
                    await self._until_healthy(error)
                elif len(items) > 1:
                    half = len(items) // 2
                    await self._settle(items[:half])
                    items = items[half:]
                else:
                    await self._failed_alone(*items[0], error)
                    return
            else:
                for message, _ in items:
                    await message.ack()
                return

    async def _failed_alone(self, message: Msg, received: Received[Any], error: Exception) -> None:
        event_id = str(received.event_id)
        tries = await self._count(event_id, error)
        if tries >= MAX_TRIES:
            await self._bury(message, event_id, "handler", error, tries)
        else:
            log.warning("message.failed", durable=self.durable, event_id=event_id, tries=tries, error=repr(error))
            await message.nak(delay=min(2**tries, 60))

    async def _count(self, event_id: str, error: Exception) -> int:
        while True:
            try:
                async with self.db.transaction() as conn:
                    row = {"durable": self.durable, "event_id": event_id, "error": repr(error)[:2000]}
                    return int((await conn.execute(_TRY, row)).scalar_one())
            except Exception as outage:
                if not is_outage(outage):
                    raise
                await self._until_healthy(outage)

    async def _bury(self, message: Msg, event_id: str | None, reason: str, error: Exception, tries: int) -> None:
        """Row first, committed; then terminated."""
        while True:
            try:
                await dead_letters.keep(
                    self.db,
                    durable=self.durable,
                    stream_seq=message.metadata.sequence.stream,
                    sent_at=message.metadata.timestamp,
                    subject=message.subject,
                    event_id=event_id,
                    payload=message.data,
                    headers=message.headers or {},
                    reason=reason,
                    error=error,
                    tries=tries,
                )
                break
            except Exception as outage:
                if not is_outage(outage):
                    raise
                await self._until_healthy(outage)
        metrics.DEAD_LETTERS.labels(self.durable).inc()
        await message.term()

    async def _until_healthy(self, error: BaseException) -> None:
        self.problem = f"database away: {error!r}"[:300]
        log.warning("consumer.waits_for_database", durable=self.durable, error=repr(error)[:300])
        while True:
            try:
                async with self.db.transaction() as conn:
                    await conn.execute(text("SELECT 1"))
                break
            except Exception as again:
                if not is_outage(again):
                    raise
                await asyncio.sleep(0.5)
        self.problem = None


@contextlib.asynccontextmanager
async def _kept_alive(messages: Sequence[Msg]) -> AsyncIterator[None]:
    """Tell the server that the batch is in hand, so that a slow one is not delivered twice."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(ACK_WAIT_SECONDS / 3)
            for message in messages:
                if not message.is_acked:
                    await message.in_progress()

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
