"""Relay: how fast what waits in the outbox is acknowledged in JetStream and cleared."""

import asyncio
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import asyncpg
from nats.aio.msg import Msg
from nats.js.client import JetStreamContext
from nats.js.errors import APIError

from bench.figure import Figure, Row, in_turn
from bench.seed import agency, entry_body
from bench.stage import Stage
from shared.contracts.activity import EntryLogged
from shared.eventstore.decider import Recorded
from shared.eventstore.outbox import Parcel, outbox_sql, parcel
from shared.eventstore.relay import Relay
from shared.eventstore.rows import to_json
from shared.ids import fresh_id
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.publisher import Publisher
from shared.messaging.streams import apply, connect
from shared.observability import metrics

RELAY = Row(
    name="relay",
    unit="messages/s",
    what="outbox to acknowledged in JetStream and cleared, messages of 20 agencies",
    against="nats-py's acknowledged publishes of the same messages from memory, 256 in flight",
    reach=0.8,
    aim=1,
)
ROWS = (RELAY,)

_COUNTS = {"tiny": 1_000, "quick": 10_000, "full": 30_000}
_AGENCIES = [agency(f"daerah-{n}", teams=1, members=10) for n in range(20)]


class _Bare(JetStreamContext):
    """nats-py's window of acknowledged publishes, in which refusals do not get lost (nats.py issue 985)."""

    async def _handle_async_reply(self, msg: Msg) -> None:
        try:
            await super()._handle_async_reply(msg)
        except APIError as error:
            token = msg.subject[len(self._nc._inbox_prefix) + 24 :]
            if (future := self._publish_async_futures.get(token)) is not None and not future.done():
                future.set_exception(error)


async def measure(stage: Stage) -> list[Figure]:
    """The one row. What is left in the outbox or missing in the stream afterwards is an error."""
    count = _COUNTS[stage.size]
    async with stage.database("activity") as made:
        client = await connect(stage.nats.url)
        store = await asyncpg.connect(made.url("worker").replace("+asyncpg", ""))
        try:
            await apply(client.jetstream(), ["activity"], [])
            url = made.url("worker").replace("+asyncpg", "")
            bare = _Bare(client, publish_async_max_pending=256)
            figure = await in_turn(
                RELAY, lambda: _ours(stage, url, store, count), lambda: _limit(bare, count), stage.rounds
            )
            stored = (await client.jetstream().stream_info("ACTIVITY")).state.messages
            wanted = 2 * (stage.rounds + 1) * count
            if stored != wanted:
                raise AssertionError(f"{stored} messages in the stream instead of {wanted}")
        finally:
            await store.close()
            await client.jetstream().delete_stream("ACTIVITY")
            await client.close()
    return [figure]


def _parcels(count: int) -> list[Parcel]:
    """Messages about entries just logged, one of each agency in turn."""
    now, made = datetime.now(UTC), []
    for n in range(count):
        office = _AGENCIES[n % len(_AGENCIES)]
        employee, entry = office.staff[n % len(office.staff)], fresh_id()
        body = {name: value for name, value in entry_body(office, employee, n).items() if name != "description"}
        more = {"entry": entry, "employee": employee, "period": body["day"][:7], "activity": "perizinan", "late": False}
        told = EntryLogged.model_validate(
            body | more | {"unit": None, "status": "waiting", "verdict": None} | {"verified_by": None}
        )
        meta = {"actor": str(employee), "role": "staff", "origin": "person", "correlation_id": str(fresh_id())}
        made.append(parcel(told, Recorded(office.instansi, entry, 1, now, now, meta), 1))
    return made


async def _limit(js: JetStreamContext, count: int) -> float:
    messages = [(p.subject, p.body.encode(), str(p.event_id)) for p in _parcels(count)]
    started = perf_counter()
    waiting = []
    for subject, body, message_id in messages:
        headers = {"Nats-Msg-Id": message_id, "Content-Type": CONTENT_TYPE}
        waiting.append(await js.publish_async(subject, body, headers=headers))
    await asyncio.gather(*waiting)
    return count / (perf_counter() - started)


async def _ours(stage: Stage, url: str, store: Any, count: int) -> float:
    await store.execute(outbox_sql("$1"), to_json(_parcels(count)))
    client = await connect(stage.nats.url)
    before = _published()
    relay = Relay("activity", url, client, _nothing_to_resend)
    started = perf_counter()
    running = asyncio.create_task(relay.run())
    while _published() - before < count:  # noqa: ASYNC110 - a counter tells nobody
        await asyncio.sleep(0.005)
    seconds = perf_counter() - started
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await client.close()
    if left := await store.fetchval("SELECT count(*) FROM outbox"):
        raise AssertionError(f"{left} messages are still in the outbox")
    return count / seconds


def _published() -> float:
    return next(
        sample.value
        for metric in metrics.RELAY_PUBLISHED.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


async def _nothing_to_resend(_publisher: Publisher, _since: datetime) -> int:
    raise AssertionError("the stream is the one it was")
