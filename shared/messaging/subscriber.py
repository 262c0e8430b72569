"""The one way to hear other services: batches in, one transaction each, and nothing lost, stuck or counted twice."""

import asyncio
import contextlib
import os
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakSet

import structlog
from faststream import AckPolicy
from faststream.nats import ConsumerConfig, JStream, NatsBroker, NatsSecurity, NatsUserPassword, PullSub
from faststream.params import NoCast
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from sqlalchemy import text

from shared.eventstore.database import Database, is_outage
from shared.messaging import dead_letters
from shared.messaging.dead_letters import Broken, reason_of
from shared.messaging.delivery import deliver
from shared.messaging.envelope import ContractBroken, Received, decode
from shared.messaging.pull import Pull
from shared.messaging.streams import ACK_WAIT_SECONDS, Subscription, heed_cancellation, servers, trust
from shared.observability import metrics, tracing

log = structlog.get_logger(__name__)

MAX_TRIES = 5
_WAIT_SECONDS = 1.0
_WATCH_SECONDS = 2.0
_RETRY_SECONDS = 0.5
#: So often an outage is believed in although the database answers: it may have come back between two looks.
_ANSWERED = 5
_LOGGED_CORRELATIONS = 10

R = TypeVar("R")

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

    async def complain(error: Exception) -> None:
        if isinstance(error, ssl.SSLError):
            log.critical("nats.certificate_refused", error=error)
            os._exit(70)  # nats-py 2.16 would wait for ever for this connection to close
        log.warning("nats.error", error=error)  # a missing right is told here only: the call itself times out

    context = trust(url)
    broker = NatsBroker(
        servers(url),
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=10,
        max_outstanding_pings=2,
        graceful_timeout=20,
        inbox_prefix=f"_INBOX_{name}",
        closed_cb=closed,
        error_cb=complain,
        logger=None,
        security=NatsUserPassword(user, password, ssl_context=context) if user else NatsSecurity(ssl_context=context),
    )
    return broker


_stopping: WeakSet[NatsBroker] = WeakSet()


async def stop_broker(broker: NatsBroker) -> None:
    """Close the connection on purpose, whether or not the server is there."""
    _stopping.add(broker)
    with contextlib.suppress(NatsError):
        await broker.stop()


class Consumer:
    """One durable at work."""

    def __init__(self, broker: NatsBroker, subscription: Subscription, db: Database, name: str) -> None:
        """`name` is the service; its NATS user may only listen on `_INBOX_<name>`."""
        self.broker, self.subscription, self.db, self.name = broker, subscription, db, name
        self.durable = subscription.durable
        self.lag = 0
        self._road: str | None = "starting"
        self._database: str | None = None
        self._running: Any = None
        self._pull: Pull | None = None

    @property
    def problem(self) -> str | None:
        """Why it does not fetch; None while it does."""
        return self._road or self._database

    async def watch(self) -> None:
        """Fetch while the durable exists, stop when it is gone, resume when it is back. Runs until cancelled."""
        while True:
            try:
                info = await self.broker._connection.jetstream().consumer_info(self.subscription.stream, self.durable)  # type: ignore[union-attr]
                self.lag = (info.num_pending or 0) + (info.num_ack_pending or 0)
                metrics.CONSUMER_LAG.labels(self.durable).set(self.lag)
                if self._running is None:
                    await self._start()
                self._road = None
            except NotFoundError:
                await self.stop()
                self._road = f"durable {self.durable} is missing: run `kinerja streams apply`"
                log.error("consumer.durable_missing", durable=self.durable)
            except (NatsError, OSError, TimeoutError) as error:
                self._road = f"NATS away: {error!r}"
            heed_cancellation()
            await asyncio.sleep(_WATCH_SECONDS)

    async def _start(self) -> None:
        running: Any = self.broker.subscriber(
            stream=JStream(self.subscription.stream, declare=False),
            durable=self.durable,
            config=ConsumerConfig(filter_subjects=list(self.subscription.subjects)),
            pull_sub=PullSub(batch_size=self.subscription.batch, timeout=_WAIT_SECONDS, batch=True),
            ack_policy=AckPolicy.MANUAL,
            decoder=_raw,
            inbox_prefix=f"_INBOX_{self.name}.".encode(),
            persistent=False,
        )
        running(self._on_batch)
        await running.start()
        self._pull = Pull(running.subscription, self.subscription.batch)
        self._running = running  # only now: a start that failed is tried again

    async def stop(self) -> None:
        """Finish the batch in hand, give back what was fetched beyond it, and fetch no more."""
        if self._running is not None and self._pull is not None:
            running, self._running = self._running, None
            with contextlib.suppress(NatsError):
                await running.stop()
                await self._pull.give_back()

    async def _on_batch(self, messages: NoCast[list[Msg]]) -> None:
        started = time.perf_counter()
        try:
            async with self._kept_alive():
                items, broken = self._read(messages)
                await self._settle(items)
                await self._bury(broken)
        except Exception as error:
            log.exception("batch.interrupted", durable=self.durable, error=error)  # FastStream says nothing of it
            raise
        seconds = time.perf_counter() - started
        metrics.BATCH_SIZE.labels(self.durable).observe(len(messages))
        metrics.HANDLER_SECONDS.labels(self.durable).observe(seconds)
        correlations = sorted({received.correlation_id for _, received in items})[:_LOGGED_CORRELATIONS]
        traces = sorted({tracing.trace_id(received.traceparent) or "" for _, received in items} - {""})
        log.info(
            "batch.done",
            durable=self.durable,
            messages=len(messages),
            ms=round(seconds * 1000, 1),
            correlation_ids=correlations,
            trace_ids=traces[:_LOGGED_CORRELATIONS],
        )

    def _read(self, messages: Sequence[Msg]) -> tuple[list[Item], list[Broken]]:
        """Those that can be read, and the others."""
        items, broken = [], []
        for message in messages:
            headers = message.headers or {}
            try:
                known = self.subscription.messages
                items.append((message, decode(message.data, message.subject, known, headers.get("traceparent"))))
            except ContractBroken as error:
                broken.append(Broken(message, headers.get("Nats-Msg-Id"), reason_of(error), error))
        return items, broken

    async def _settle(self, items: Sequence[Item]) -> None:
        """Deliver; on failure halve until the culprit stands alone, which is then counted. An outage is waited out."""
        if not items:
            return
        try:
            await self._patiently(lambda: deliver(self.db, self.subscription, [received for _, received in items]))
        except Exception as error:  # noqa: BLE001 - whatever a handler raises must end as a retry or a dead letter
            if len(items) == 1:
                await self._failed_alone(*items[0], error)
                return
            half = len(items) // 2
            await self._settle(items[:half])
            await self._settle(items[half:])
            return
        for message, _ in items:
            await message.ack()

    async def _failed_alone(self, message: Msg, received: Received[Any], error: Exception) -> None:
        event_id = str(received.event_id)

        async def count() -> int:
            async with self.db.transaction() as conn:
                row = {"durable": self.durable, "event_id": event_id, "error": repr(error)[:2000]}
                return int((await conn.execute(_TRY, row)).scalar_one())

        reason = reason_of(error)
        tries = await self._patiently(count)
        if tries >= MAX_TRIES or reason == "version":  # trying again here is in vain
            await self._bury([Broken(message, event_id, reason, error, tries)])
        else:
            log.warning("message.failed", durable=self.durable, event_id=event_id, tries=tries, error=error)
            await message.nak(delay=min(2**tries, 60))

    async def _bury(self, broken: Sequence[Broken]) -> None:
        """Rows first, committed; then terminated."""
        if not broken:
            return
        await self._patiently(lambda: dead_letters.keep(self.db, self.durable, broken))
        metrics.DEAD_LETTERS.labels(self.durable).inc(len(broken))
        for each in broken:
            await each.message.term()

    async def _patiently(self, work: Callable[[], Awaitable[R]]) -> R:
        """Do `work`, again after every outage of the database; anything else it raises is the caller's.

        So is what goes on while the database answers others. Time that ran out is at once: that work is too slow, and
        half of it may not be.
        """
        answered = 0
        while True:
            try:
                done = await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                answered += await self.db.answers()
                if answered > (0 if isinstance(error, TimeoutError) else _ANSWERED):
                    raise
                self._database = "database away"
                log.warning("consumer.waits_for_database", durable=self.durable, error=error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._database = None
                return done

    @contextlib.asynccontextmanager
    async def _kept_alive(self) -> AsyncIterator[None]:
        """Tell the server what is in hand, so that what is slow is not delivered twice."""

        async def tell() -> None:
            while True:
                await asyncio.sleep(ACK_WAIT_SECONDS / 3)
                for message in self._pull.in_hand() if self._pull else ():
                    await message.in_progress()

        task = asyncio.create_task(tell())
        try:
            yield
        finally:
            task.cancel()
