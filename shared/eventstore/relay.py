"""Outbox to JetStream: one leader per service, fair rounds, acknowledgements in flight, then cleared."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import nats.errors
import structlog
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared.eventstore.bell import CHANNEL
from shared.eventstore.database import is_outage
from shared.eventstore.fairness import ENOUGH_ALONE, PIECES_A_SECOND, TAKE, Allowance
from shared.messaging.publisher import REFUSALS, Answer, Posting, Publisher
from shared.messaging.streams import OUTSIDE, heed_cancellation
from shared.observability import metrics
from shared.observability.tracing import PRODUCER, continued

log = structlog.get_logger(__name__)

BATCH = 1000
MAX_REFUSALS = 3
_LOCK = 7_105_001
_CHECK_SECONDS = 5.0
#: How far back a lost stream is filled again: an hour, and what a clock that was an hour behind would hide of the last minutes.
_RESENT = timedelta(minutes=65)
_IDLE_SECONDS = 1.0
_FILL_SECONDS = 0.1
#: After a wake-up, so that what is written at the same time shares a round.
_GATHER_SECONDS = 0.01
#: Then the look begins at the front again, where a late commit or a refused message may stand.
_ROUNDS = 20

#: The leader's connection. A lost commit of it only sends again what was sent; plans must hold when the table has grown.
LEADER_SETTINGS = {
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    # A leader whose machine vanished must not keep the lock for hours.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
_CLEAR = """
WITH gone AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]))
INSERT INTO relay_state AS s (stream, created, last_seq, acked_at) VALUES ($2, $3, $4, now())
ON CONFLICT (stream) DO UPDATE SET created = excluded.created,
    acked_at = CASE WHEN $5 THEN s.acked_at ELSE excluded.acked_at END,
    last_seq = CASE WHEN s.created = excluded.created THEN greatest(s.last_seq, excluded.last_seq) ELSE excluded.last_seq END
"""
#: The clock that was ahead when it was last acknowledged must not hide what was recorded since.
_SEEN = "SELECT created, last_seq, least(acked_at, now()) AS acked_at FROM relay_state WHERE stream = $1"
_REFUSE = f"""
UPDATE outbox SET refused = refused + 1, error = $2,
    parked_at = CASE WHEN refused + 1 >= {MAX_REFUSALS} THEN now() END
WHERE id = $1 RETURNING parked_at IS NOT NULL
"""


def _named() -> dict[str, str]:
    """So that PostgreSQL's list of connections says which process leads, or waits to."""
    return {"application_name": f"relay {os.getpid()}"}


#: Sends everything recorded since a moment once more; given by the service.
Resend = Callable[[Publisher, datetime], Awaitable[int]]


_Round = tuple[list[Any], list[Answer]]


def _away(answers: Sequence[Answer]) -> str | None:
    away = (answer for answer in answers if not isinstance(answer, (int, *REFUSALS)))
    return next((f"NATS away: {answer!r}" for answer in away), None)


class Relay:
    """Runs until cancelled. `ready` is False while the road or the lock is missing."""

    def __init__(self, service: str, database_url: str, connection: Client, resend: Resend, *, rate: int = 0) -> None:
        """`database_url` is a direct connection (a pooler breaks session locks) of the worker role.

        `rate` is how many messages a second one instansi may always send; more only while listeners keep up. 0: no limit.
        """
        self.stream = service.upper()
        self.url = database_url
        self.publisher = Publisher(connection)
        self.allowance = Allowance(rate)
        self._js = connection.jetstream()
        self.resend = resend
        self.leader = False
        metrics.RELAY_LEADER.set_function(lambda: self.leader)
        self.problem: str | None = "starting"
        self._wake = asyncio.Event()
        self._listeners: list[str] | None = None  # durables of our services, as long as they need not be listed again
        self._created = datetime.min.replace(tzinfo=UTC)
        self._filling = False  # what was acknowledged before the stream was lost must stay known until it is full again

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
        conn = await asyncpg.connect(
            self.url, timeout=5, command_timeout=30, server_settings=LEADER_SETTINGS | _named()
        )
        try:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK):
                self.problem = None
                await asyncio.sleep(1)
            self.leader = True
            await conn.add_listener(CHANNEL, lambda *_: self._wake.set())
            clock, checked = asyncio.get_running_loop().time, 0.0
            while True:
                heed_cancellation()
                if clock() - checked > _CHECK_SECONDS or self.problem:
                    await self._look_at_stream(conn)
                    checked = clock()
                self._wake.clear()
                if self.problem or not await self._drain(conn):
                    held = not self.problem and 0 in self.allowance.room(clock()).values()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), 1 / PIECES_A_SECOND if held else _IDLE_SECONDS)
                        await asyncio.sleep(_GATHER_SECONDS)
        finally:
            await conn.close(timeout=2)

    async def _look_at_stream(self, conn: Any) -> None:
        """Notice a stream that is missing, newer or behind what it last acknowledged; then send again from an hour before."""
        try:
            info = await self._js.stream_info(self.stream)
        except NotFoundError:
            self.problem = f"stream {self.stream} is missing: run `kinerja streams apply`"
            log.error("relay.stream_missing", stream=self.stream)
            return
        except (nats.errors.Error, OSError) as error:
            self.problem = f"NATS away: {error!r}"
            return
        self._listeners = None
        created = info.created or self._created
        seen = await conn.fetchrow(_SEEN, self.stream)
        self.problem = None
        if seen and (seen["created"] != created or seen["last_seq"] > info.state.last_seq):
            self._created = seen["created"]  # so that, if we die in the middle, whoever leads next begins anew
            await self._fill(conn, seen["acked_at"] - _RESENT)
            await conn.execute(
                "UPDATE relay_state SET created = $2, last_seq = 0, acked_at = now() WHERE stream = $1",
                self.stream,
                created,
            )
        self._created = created

    async def _fill(self, conn: Any, since: datetime) -> None:
        """Send what was recorded from `since` on once more; what is new does not wait for that."""
        log.error("relay.stream_reset", stream=self.stream, resend_since=since.isoformat())
        self._filling = True
        again = asyncio.ensure_future(self.resend(Publisher(self.publisher.connection), since))
        try:
            while not again.done():
                await self._drain(conn)
                await asyncio.wait([again], timeout=_FILL_SECONDS)
            log.info("relay.resent", stream=self.stream, messages=again.result())
        finally:
            self._filling = False
            again.cancel()

    async def _drain(self, conn: Any) -> bool:
        """Send what waits, some rounds long; returns whether more waits. The database works while a round is on its way."""
        last: dict[str, int] = {}
        done: _Round = [], []
        rows, more = await self._take(conn, last)
        for _ in range(_ROUNDS):
            if not rows:
                break
            answers, following = await self._send(conn, rows, done, last if more else None)
            done, (rows, more) = (rows, answers), following
            self.problem = _away(answers)
            if self.problem:
                break
        await self._settle(conn, *done)
        return more and not self.problem

    async def _take(self, conn: Any, last: dict[str, int]) -> tuple[list[Any], bool]:
        """The next round, behind the `last` row of each instansi, and whether somebody has more than it holds."""
        now = asyncio.get_running_loop().time()
        room = self.allowance.room(now)
        if limited := [instansi for instansi, left in room.items() if not left]:
            slack = max(0, self.allowance.enough(limited, now) - await self._behind())
            room |= dict.fromkeys(limited, slack // len(limited))
        known = sorted(last.keys() | room.keys())
        burst = self.allowance.burst or BATCH
        places = [last.get(each, 0) for each in known], [room.get(each, burst) for each in known]
        rows = await conn.fetch(TAKE, known, *places, BATCH, burst)
        last.update((row["instansi"], row["id"]) for row in rows)
        return rows, bool(rows) and rows[-1]["turn"] == rows[-1]["most"]

    async def _behind(self) -> int:
        """How many messages the slowest of our services that listen has not handled yet."""
        try:
            if self._listeners is None:
                self._listeners = await self._list()
            known = [await self._js.consumer_info(self.stream, name) for name in self._listeners]
        except (nats.errors.Error, OSError):
            self._listeners = None
            return ENOUGH_ALONE
        return max(((each.num_pending or 0) + (each.num_ack_pending or 0) for each in known), default=0)

    async def _list(self) -> list[str]:
        """Durables of our services. Those of outside systems may be hundreds: a list of them costs the server as many looks."""
        known: list[Any] = []
        while page := await self._js.consumers_info(self.stream, len(known)):
            known += page
        return [each.name for each in known if not each.name.startswith(OUTSIDE)]

    async def _send(
        self, conn: Any, rows: list[Any], done: _Round, last: dict[str, int] | None
    ) -> tuple[list[Answer], tuple[list[Any], bool]]:
        """Send a round; meanwhile settle the one before and, unless `last` is None, take the one behind."""

        async def meanwhile() -> tuple[list[Any], bool]:
            await self._settle(conn, *done)
            return ([], False) if last is None else await self._take(conn, last)

        self.allowance.spend(Counter(row["instansi"] for row in rows), asyncio.get_running_loop().time())
        postings = [Posting(r["subject"], r["body"], str(r["event_id"]), r["traceparent"]) for r in rows]
        with continued(f"publish {self.stream}", postings, PRODUCER) as traced:
            answers, following = await asyncio.gather(self.publisher.send(traced), meanwhile(), return_exceptions=True)
        if isinstance(following, BaseException):
            raise following
        if isinstance(answers, BaseException):
            raise answers
        return answers, following

    async def _settle(self, conn: Any, rows: Sequence[Any], answers: Sequence[Answer]) -> None:
        """Clear what was acknowledged. A refusal counts, and the third parks; a missing stream or server counts for nothing."""
        sent = {row["id"]: answer for row, answer in zip(rows, answers, strict=True) if isinstance(answer, int)}
        if sent:
            await conn.execute(_CLEAR, list(sent), self.stream, self._created, max(sent.values()), self._filling)
            metrics.RELAY_PUBLISHED.inc(len(sent))
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, REFUSALS):
                parked = await conn.fetchval(_REFUSE, row["id"], f"{type(answer).__name__}: {answer}")
                told = {"event_id": str(row["event_id"]), "subject": row["subject"], "error": str(answer)}
                log.error("relay.refused", **told, parked=parked)
