"""Outbox to JetStream: one leader per service, batches, acknowledgements in flight, then cleared."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import BadHeaderError, BadSubjectError, MaxPayloadError
from nats.js.api import PubAck
from nats.js.client import JetStreamContext
from nats.js.errors import APIError, BadRequestError, NotFoundError

from shared.eventstore.database import is_outage
from shared.eventstore.outbox import CHANNEL
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.streams import heed_cancellation
from shared.observability import metrics

log = structlog.get_logger(__name__)

BATCH = 500
MAX_REFUSALS = 3
_LOCK = 7_105_001
_ACK_TIMEOUT = 5.0
_CHECK_SECONDS = 5.0

_TAKE = """
SELECT id, subject, event_id, body, traceparent FROM outbox
WHERE parked_at IS NULL AND id > $1 ORDER BY id LIMIT $2
"""
_CLEAR = """
WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]))
INSERT INTO relay_state AS s (stream, created, last_seq, acked_at) VALUES ($2, $3, $4, $5)
ON CONFLICT (stream) DO UPDATE SET created = excluded.created, acked_at = greatest(s.acked_at, excluded.acked_at),
    last_seq = CASE WHEN s.created = excluded.created THEN greatest(s.last_seq, excluded.last_seq) ELSE excluded.last_seq END
"""
_REFUSE = f"""
UPDATE outbox SET refused = refused + 1, error = $2,
    parked_at = CASE WHEN refused + 1 >= {MAX_REFUSALS} THEN now() END
WHERE id = $1 RETURNING parked_at IS NOT NULL
"""


class Publisher(JetStreamContext):
    """JetStream with a window of unacknowledged publishes, in which a refusal reaches its sender (nats.py issue 985)."""

    def __init__(self, connection: Client, window: int = 512) -> None:
        super().__init__(connection, timeout=_ACK_TIMEOUT, publish_async_max_pending=window)

    async def _handle_async_reply(self, msg: Msg) -> None:
        try:
            await super()._handle_async_reply(msg)
        except APIError as error:
            token = msg.subject[len(self._nc._inbox_prefix) + 24 :]
            future = self._publish_async_futures.get(token)
            if future is not None and not future.done():
                future.set_exception(error)

    async def put(self, subject: str, body: str, message_id: str, traceparent: str | None) -> PubAck:
        """Publish one message and wait for its acknowledgement; the wait ends after some seconds."""
        headers = {"Nats-Msg-Id": message_id, "Content-Type": CONTENT_TYPE}
        if traceparent:
            headers["traceparent"] = traceparent
        future = await self.publish_async(subject, body.encode(), headers=headers, wait_stall=_ACK_TIMEOUT)
        return await asyncio.wait_for(future, _ACK_TIMEOUT)


#: What the server says about one message; everything else says that the road is away.
REFUSALS = (BadRequestError, MaxPayloadError, BadSubjectError, BadHeaderError)

#: Sends everything recorded since a moment once more; given by the service.
Resend = Callable[[Publisher, datetime], Awaitable[int]]


class Relay:
    """Runs until cancelled. `ready` is False while the road or the lock is missing."""

    def __init__(self, service: str, database_url: str, connection: Client, resend: Resend) -> None:
        """`database_url` is a direct connection (a pooler breaks session locks) of the worker role."""
        self.stream = service.upper()
        self.url = database_url
        self.publisher = Publisher(connection)
        self.resend = resend
        self.leader = False
        self.problem: str | None = "starting"
        self._wake = asyncio.Event()
        self._created = datetime.min.replace(tzinfo=UTC)

    async def run(self) -> None:
        """Lead when nobody else does; start over after any outage."""
        while True:
            try:
                await self._lead()
            except Exception as error:
                if not is_outage(error) and not isinstance(error, nats.errors.Error | asyncpg.PostgresError):
                    raise
                log.warning("relay.interrupted", error=repr(error))
                self.problem = f"interrupted: {error!r}"
            self.leader = False
            await asyncio.sleep(1)

    async def _lead(self) -> None:
        conn = await asyncpg.connect(self.url, timeout=5, command_timeout=30)
        try:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                self.problem = None
                await asyncio.sleep(1)
            self.leader = True
            await conn.add_listener(CHANNEL, lambda *_: self._wake.set())
            checked = 0.0
            while True:
                heed_cancellation()
                now = asyncio.get_running_loop().time()
                if now - checked > _CHECK_SECONDS or self.problem:
                    await self._look_at_stream(conn)
                    checked = now
                self._wake.clear()
                sent = 0 if self.problem else await self._drain(conn)
                if not sent:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), 1.0)
                    await conn.fetchval("SELECT 1")
        finally:
            await conn.close(timeout=2)

    async def _look_at_stream(self, conn: Any) -> None:
        """Notice a stream that is missing, newer or behind what it last acknowledged; then send again from an hour before."""
        try:
            info = await self.publisher.stream_info(self.stream)
        except NotFoundError:
            self.problem = f"stream {self.stream} is missing: run `kinerja streams apply`"
            log.error("relay.stream_missing", stream=self.stream)
            return
        except (nats.errors.Error, OSError) as error:
            self.problem = f"NATS away: {error!r}"
            return
        self._created = info.created or self._created
        seen = await conn.fetchrow("SELECT created, last_seq, acked_at FROM relay_state WHERE stream = $1", self.stream)
        if seen and (seen["created"] != self._created or seen["last_seq"] > info.state.last_seq):
            since = seen["acked_at"] - timedelta(hours=1)
            log.error("relay.stream_reset", stream=self.stream, resend_since=since.isoformat())
            sent = await self.resend(self.publisher, since)
            await conn.execute(
                "UPDATE relay_state SET created = $2, last_seq = 0 WHERE stream = $1",
                self.stream,
                self._created,
            )
            log.info("relay.resent", stream=self.stream, messages=sent)
        self.problem = None

    async def _drain(self, conn: Any) -> int:
        """Send what waits, batch by batch; returns how many left."""
        total, last = 0, 0
        while rows := await conn.fetch(_TAKE, last, BATCH):
            last = rows[-1]["id"]
            acks = await asyncio.gather(
                *(self.publisher.put(r["subject"], r["body"], str(r["event_id"]), r["traceparent"]) for r in rows),
                return_exceptions=True,
            )
            sent = [(row["id"], ack) for row, ack in zip(rows, acks, strict=True) if isinstance(ack, PubAck)]
            if sent:
                ids, seq = [row for row, _ in sent], max(ack.seq for _, ack in sent)
                await conn.execute(_CLEAR, ids, self.stream, self._created, seq, datetime.now(UTC))
                metrics.RELAY_PUBLISHED.inc(len(sent))
                total += len(sent)
            for row, ack in zip(rows, acks, strict=True):
                if isinstance(ack, BaseException):
                    await self._failed(conn, row, ack)
            if self.problem or len(rows) < BATCH:
                break
        return total

    async def _failed(self, conn: Any, row: Any, error: BaseException) -> None:
        """A refusal of this message counts, and the third parks it; a missing stream or server counts for nothing."""
        if not isinstance(error, Exception):
            raise error
        if isinstance(error, nats.errors.Error | OSError | TimeoutError) and not isinstance(error, REFUSALS):
            self.problem = f"NATS away: {error!r}"
        else:
            parked = await conn.fetchval(_REFUSE, row["id"], f"{type(error).__name__}: {error}")
            log.error(
                "relay.refused",
                event_id=str(row["event_id"]),
                subject=row["subject"],
                error=repr(error),
                parked=parked,
            )
