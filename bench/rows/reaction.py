"""Reaction: how fast messages on the road become score rows, with the score told to others in the same transaction."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from time import perf_counter
from typing import Any
from uuid import UUID, uuid5

import nats
import structlog
from faststream.nats import JStream, NatsBroker, PullSub
from faststream.nats.subscriber.usecases import stream_pull_subscriber
from nats.aio.client import Client
from nats.js.api import ConsumerConfig
from pydantic import AwareDatetime, BaseModel

from bench.figure import Figure, Row, in_turn
from bench.seed import received
from bench.stage import Stage
from services.appraisal.hears_activity.handlers import ENTRIES
from services.appraisal.hears_directory.handlers import PEOPLE
from services.appraisal.plan.decider import Command, Import
from services.appraisal.plan.events import Aspect, Indicator, WorkResult
from services.appraisal.plan.slice import PLAN
from services.appraisal.plan.view import plan_id
from services.appraisal.rules.achievement import Direction, NumberTarget
from shared.contracts.activity import EntryFact, EntryLogged, EntryVerified
from shared.contracts.directory import AssignmentChanged, EmployeeChanged, InstansiChanged, Policy
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order, Recorded
from shared.eventstore.execute import execute
from shared.eventstore.rows import fetch
from shared.eventstore.texts import Text
from shared.ids import fresh_id
from shared.messaging.delivery import deliver
from shared.messaging.envelope import CONTENT_TYPE, encode
from shared.messaging.streams import apply, consumer_config
from shared.messaging.subscriber import Consumer, new_broker, stop_broker
from shared.observability.logging import configure_logging

# FastStream 0.7.8 drops what it fetched when a fetch is overdue, as on a busy machine: a round would be twenty seconds long,
# and the limit lower than FastStream deserves.
stream_pull_subscriber.TimeoutError = TimeoutError  # type: ignore[assignment,attr-defined]

_AGAINST = "FastStream's typed batches of 500 and an empty handler, same messages"
ROWS = (
    Row(
        name="reaction",
        unit="messages/s",
        what="JetStream to durable score rows: 20 logged per person, then 500 of 25 people verified",
        against=_AGAINST,
        reach=0.5,
        aim=0.8,
    ),
    Row(
        name="reaction_spread",
        unit="messages/s",
        what="the same, but each 500 messages concern 500 people, so that 500 scores are computed for them",
        against=_AGAINST,
    ),
)

_SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_CODES = ("kota-semarang", "kab-sleman", "prov-maluku", "kemenpanrb")
_LOGGED_AT_ONCE, _BATCH, _FACTS, _BARE = 20, 500, "appraisal--activity--entries", "bare"
_TODAY = datetime.now(UTC).date()


@dataclass(frozen=True, slots=True)
class _Person:
    instansi: str
    id: UUID
    indicators: tuple[UUID, ...]


def _people(count: int) -> list[_Person]:
    """People of each instansi in turn, as the relay takes them; each with four indicators."""
    made = []
    for n in range(count):
        id_ = uuid5(_SPACE, f"person {n}")
        indicators = tuple(uuid5(id_, str(i)) for i in range(4))
        made.append(_Person(_CODES[n % len(_CODES)], id_, indicators))
    return made


async def _settle(db: Database, people: Sequence[_Person]) -> None:
    """Directory and plans: what appraisal must know before entries count."""
    facts = [received(code, uuid5(_SPACE, code), _instansi()) for code in _CODES]
    for person in people:
        post = uuid5(person.id, "post")
        held = AssignmentChanged(
            assignment=post,
            employee=person.id,
            unit=uuid5(_SPACE, person.instansi + " unit"),
            position=post,
            superior=None,
            kind="definitif",
            valid_from=date(_TODAY.year - 1, 1, 1),
            valid_to=None,
        )
        known = EmployeeChanged(employee=person.id, kind="PNS", active=True)
        facts += [received(person.instansi, person.id, known), received(person.instansi, post, held)]
    await deliver(db, PEOPLE, facts)
    for code in _CODES:
        orders: list[Order[Command]] = [_plan(person) for person in people if person.instansi == code]
        now = datetime.now(UTC)
        context = Context(instansi=code, actor=None, role="hr", now=now, correlation_id="bench", origin="import")

        async def work(conn: Any, context: Context = context, orders: list[Order[Command]] = orders) -> None:
            for outcome in await execute(conn, PLAN, context, orders):
                outcome.accepted()

        await db.run(work)


def _instansi() -> InstansiChanged:
    policy = Policy(
        version=1,
        period_kind="month",
        late_after_working_days=3,
        verification_grace_working_days=5,
        gap_threshold_percent=Decimal(80),
        score_above_percent=Decimal(110),
        score_meets_percent=Decimal(90),
        achievement_cap_percent=Decimal(120),
        daily_summary_at="16:00",
    )
    return InstansiChanged(zone="Asia/Jakarta", first_day=date(_TODAY.year - 1, 1, 1), holidays=(), policy=policy)


def _plan(person: _Person) -> Order[Command]:
    indicators = tuple(
        Indicator(
            id=indicator,
            title=Text(indicator, "0" * 64),
            aspect=Aspect.KUANTITAS,
            target=NumberTarget(Decimal(1_000)),
            direction=Direction.HIGHER,
            measure="quantity" if n % 2 else "count",
            unit_label="berkas",
        )
        for n, indicator in enumerate(person.indicators)
    )
    result = WorkResult(id=uuid5(person.id, "result"), title=Text(person.id, "0" * 64), indicators=indicators)
    command = Import(employee=person.id, year=_TODAY.year, source="bench", file_hash="0" * 64, results=(result,))
    return Order(plan_id(person.instansi, person.id, _TODAY.year), command)


def _chapter(people: Sequence[_Person], each: int) -> list[tuple[str, str, bytes]]:
    """Subject, id and body of `each` entries of each of these people: all logged, then all verified."""
    logged, verified = [], []
    for person in people:
        for n in range(each):
            fact = {
                "entry": fresh_id(),
                "employee": person.id,
                "day": _TODAY,
                "period": f"{_TODAY:%Y-%m}",
                "indicator": person.indicators[n % len(person.indicators)],
                "quantity": Decimal("1.5"),
                "minutes": 90,
                "activity": "pelayanan",
                "late": False,
                "unit": None,
            }
            waits = EntryLogged(**fact, status="waiting", verdict=None, verified_by=None)
            counts = EntryVerified(**fact, status="verified", verdict="meets", verified_by=uuid5(person.id, "head"))
            logged.append(_encoded(person.instansi, waits, 1))
            verified.append(_encoded(person.instansi, counts, 2))
    return logged + verified


def _encoded(instansi: str, message: EntryFact, version: int) -> tuple[str, str, bytes]:
    now = datetime.now(UTC)
    meta = {
        "actor": str(message.employee),
        "role": "staff",
        "origin": "person",
        "correlation_id": str(message.employee),
    }
    at = Recorded(instansi, message.entry, version, now, now, meta)
    return message.subject(instansi), str(at.event_id), encode(message, at, 1).encode()


class Envelope(BaseModel):
    """The message as whoever only knows FastStream and pydantic would declare it."""

    specversion: str
    id: UUID
    type: str
    subject: UUID
    time: AwareDatetime
    instansi: str
    sourceversion: int
    epoch: int
    recordedat: AwareDatetime
    origin: str
    correlationid: str
    data: EntryFact


@dataclass
class _Rig:
    """One stream and two durables on it: ours and the bare one."""

    client: Client
    url: str
    db: Database
    people: Sequence[_Person]
    each: int
    messages: int
    stops: list[Any] = field(default_factory=list)

    async def fill(self) -> None:
        """Put a round's messages on the road: `each` entries of 500 / `each` people at a time."""
        at_once, js = _BATCH // self.each, self.client.jetstream()
        told: list[tuple[str, str, bytes]] = []
        while len(told) < self.messages:
            first = len(told) // 2 // self.each % len(self.people)
            told += _chapter(self.people[first : first + at_once], self.each)
        for start in range(0, len(told), _BATCH):
            acks = [
                js.publish(subject, body, headers={"Nats-Msg-Id": id_, "Content-Type": CONTENT_TYPE}, timeout=30)
                for subject, id_, body in told[start : start + _BATCH]
            ]
            await asyncio.gather(*acks)

    async def bare(self) -> float:
        """The limit: a round's messages through FastStream alone."""
        await self.fill()
        broker = NatsBroker(self.url, logger=None)
        running = broker.subscriber(
            stream=JStream("ACTIVITY", declare=False),
            durable=_BARE,
            config=ConsumerConfig(filter_subjects=list(ENTRIES.subjects)),
            pull_sub=PullSub(batch_size=_BATCH, timeout=0.1, batch=True),
        )

        async def nothing(batch: list[Envelope]) -> None:
            """Do nothing."""

        running(nothing)
        await broker.connect()
        started = perf_counter()
        await running.start()
        seconds = await self._drained(_BARE, started)
        await broker.stop()
        return self.messages / seconds

    async def ours(self) -> float:
        """The same messages through the wrapper and the handlers, committed."""
        broker = new_broker(self.url, "", "", "appraisal")
        await broker.connect()
        consumer = Consumer(broker, ENTRIES, self.db, "appraisal")
        started = perf_counter()
        watching = asyncio.create_task(consumer.watch())
        seconds = await self._drained(_FACTS, started)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await consumer.stop()
        await stop_broker(broker)
        return self.messages / seconds

    async def _drained(self, durable: str, started: float) -> float:
        js = self.client.jetstream()
        while True:
            info = await js.consumer_info("ACTIVITY", durable)
            if not info.num_pending and not info.num_ack_pending:
                return perf_counter() - started
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _rig(stage: Stage, people: int, each: int, messages: int) -> AsyncIterator[_Rig]:
    async with stage.database("appraisal") as made:
        db = Database(made.url("worker"))
        client = await nats.connect(stage.nats.url)
        js = client.jetstream()
        await apply(js, ["activity"], [ENTRIES])
        config = consumer_config(ENTRIES)
        await js.add_consumer("ACTIVITY", config.evolve(name=_BARE, durable_name=_BARE))
        try:
            made_up = _people(people)
            await _settle(db, made_up)
            yield _Rig(client, stage.nats.url, db, made_up, each, messages)
        finally:
            await js.delete_stream("ACTIVITY")
            await client.close()
            await db.close()


async def _check(rig: _Rig) -> None:
    """What was measured must have happened: every entry counted, every review has a score."""
    async with rig.db.transaction() as conn:
        [[entries, verified]] = await fetch(
            conn, "SELECT count(*), count(*) FILTER (WHERE version = 2) FROM heard_entry"
        )
        [[counted]] = await fetch(
            conn, "SELECT sum((i ->> 'counted')::int) FROM review, jsonb_array_elements(indicators) AS i"
        )
    if not entries == verified == counted:
        raise AssertionError(f"{entries} entries, {verified} verified, {counted} counted")


async def measure(stage: Stage) -> list[Figure]:
    """Both rows: 20 entries of each of 25 people in every 500 messages, and one of each of 500."""
    figures = []
    messages = {"tiny": 2_000, "quick": 6_000, "full": 12_000}[stage.size]
    with (stage.folder / "reaction.log").open("w") as log:
        configure_logging("appraisal", stream=log)  # a line a batch, as in production, but not on the screen
        structlog.configure(cache_logger_on_first_use=False)  # whoever imports this may log elsewhere afterwards
        for row, each in ((ROWS[0], _LOGGED_AT_ONCE), (ROWS[1], 1)):
            async with _rig(stage, 500, each, messages) as rig:
                figures.append(await in_turn(row, rig.ours, rig.bare, stage.rounds))
                await _check(rig)
        configure_logging("bench", level="WARNING")
    return figures
