"""What an entry costs when much is stored already: databases of three sizes, open at once, in alternating short rounds."""

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg

from bench.figure import Figure, Row, figure
from bench.past import INDICATOR, INSTANSI, PEOPLE, TEAM, TEAMS, fill, fill_heard, person
from bench.seed import received, today
from bench.stage import Stage
from services.activity.entry.bodies import LoggedEntry
from services.activity.entry.intake import Claim, log
from services.activity.entry.verification import Decision, decide_all
from services.appraisal.hears_activity.handlers import ENTRIES
from shared.contracts.activity import EntryVerified
from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Outcome
from shared.ids import fresh_id
from shared.messaging.delivery import deliver
from shared.messaging.envelope import Received

GROWTH = Row(
    name="growth",
    unit="µs an entry",
    what="an entry logged (20s) and verified (500) where most is stored",
    against="the same where little is stored",
    reach=1.3,
    aim=1.1,
    better="less",
)
MIDDLE = Row(
    name="growth_million",
    unit="µs an entry",
    what="the same where a fifth of that is stored",
    against="the same where little is stored",
    better="less",
)
REACTION = Row(
    name="growth_reaction",
    unit="µs an entry",
    what="500 verified entries of 100 people heard and scored where most is stored",
    against="the same where little is stored",
    better="less",
)
ROWS = (GROWTH, MIDDLE, REACTION)

_BATCH, _WRITERS = 20, 25
#: Entries stored before, two events each, by the size of the run.
_STORED = {"tiny": (500, 1_000, 2_000), "quick": (5_000, 25_000, 250_000), "full": (5_000, 500_000, 2_500_000)}
_ROUNDS = {"tiny": 1, "quick": 5, "full": 15}

#: The cost of a round, in microseconds an entry.
Round = Callable[[], Awaitable[float]]


async def measure(stage: Stage) -> list[Figure]:
    """Three activity databases, then two of appraisal."""
    stored, rounds = _STORED[stage.size], _ROUNDS[stage.size]
    async with AsyncExitStack() as stack:
        activity = [await _activity(stage, stack, entries) for entries in stored]
        least, middle, most = await _alternate(activity, rounds)
    async with AsyncExitStack() as stack:
        appraisal = [await _appraisal(stage, stack, entries) for entries in (stored[0], stored[-1])]
        few, many = await _alternate(appraisal, rounds)
    pairs = ((GROWTH, stored[2], most, least), (MIDDLE, stored[1], middle, least), (REACTION, stored[2], many, few))
    return [figure(_with_sizes(row, entries, stored[0]), ours, limit) for row, entries, ours, limit in pairs]


def _with_sizes(row: Row, entries: int, least: int) -> Row:
    """The row as this run measured it: shorter runs store less."""
    return replace(
        row,
        what=f"{row.what} ({2 * entries:,} events stored)",
        against=f"{row.against} ({2 * least:,} events)",
    )


async def _alternate(each: Sequence[Round], rounds: int) -> list[list[float]]:
    """The costs of rounds that go back and forth over the databases, after two of each that do not count."""
    costs: list[list[float]] = [[] for _ in each]
    for turn in range(rounds + 2):
        for at in sorted(range(len(each)), reverse=turn % 2 == 1):
            costs[at].append(await each[at]())
    return [found[2:] for found in costs]


async def _activity(stage: Stage, stack: AsyncExitStack, entries: int) -> Round:
    made = await stack.enter_async_context(stage.database("activity"))
    await fill(stage.postgres.url(made.name), entries)
    db = Database(made.url("api"))
    stack.push_async_callback(db.close)
    return partial(_log_and_verify, db, await _sweeper(stage, stack, made.name), count())


async def _sweeper(stage: Stage, stack: AsyncExitStack, name: str) -> "asyncpg.Connection[Any]":
    """Who stands in for the relay: what was sent is gone."""
    conn: asyncpg.Connection[Any] = await asyncpg.connect(stage.postgres.url(name))
    stack.push_async_callback(conn.close)
    return conn


async def _log_and_verify(db: Database, sweeper: "asyncpg.Connection[Any]", turns: "count[int]") -> float:
    turn = next(turns)
    team, first = turn % TEAMS, turn // TEAMS * _WRITERS % TEAM
    writers = [person(team * TEAM + (first + n) % TEAM) for n in range(_WRITERS)]
    batches = [(by, [_entry() for _ in range(_BATCH)]) for by in writers]
    started = time.perf_counter()
    for by, items in batches:
        context = _context(by)
        _check(await db.run(partial(log, claims=[Claim(context, by, item) for item in items]), INSTANSI))
    head = person(PEOPLE + team)
    context = _context(head)
    decisions = [
        Decision(entry=item.id, seen=1, action="verify", verdict="meets", words=None)
        for _, items in batches
        for item in items
    ]
    _check(await db.run(lambda conn: decide_all(conn, context, head, False, decisions), INSTANSI))
    seconds = time.perf_counter() - started
    await sweeper.execute("DELETE FROM outbox")
    return seconds * 1e6 / len(decisions)


def _entry() -> LoggedEntry:
    entry = fresh_id()
    words = f"Melayani pemeriksaan balita di posyandu {entry.hex}"
    return LoggedEntry(id=entry, day=today(), quantity=Decimal(1), minutes=45, description=words)


def _context(actor: UUID) -> Context:
    return Context(instansi=INSTANSI, actor=actor, role="staff", now=datetime.now(UTC), correlation_id=fresh_id().hex)


def _check(outcomes: Sequence[Outcome[Any, Any] | Refusal]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Refusal):
            raise outcome
        outcome.accepted()


async def _appraisal(stage: Stage, stack: AsyncExitStack, entries: int) -> Round:
    made = await stack.enter_async_context(stage.database("appraisal"))
    await fill_heard(stage.postgres.url(made.name), entries)
    db = Database(made.url("worker"))
    stack.push_async_callback(db.close)
    return partial(_hear, db, await _sweeper(stage, stack, made.name), count())


async def _hear(db: Database, sweeper: "asyncpg.Connection[Any]", turns: "count[int]") -> float:
    team = next(turns) % TEAMS
    messages = [_message(person(team * TEAM + n % TEAM), person(PEOPLE + team)) for n in range(_BATCH * _WRITERS)]
    started = time.perf_counter()
    await deliver(db, ENTRIES, messages)
    seconds = time.perf_counter() - started
    await sweeper.execute("DELETE FROM outbox")
    return seconds * 1e6 / len(messages)


def _message(employee: UUID, head: UUID) -> Received[EntryVerified]:
    entry, day = fresh_id(), today()
    data = EntryVerified(
        entry=entry,
        employee=employee,
        day=day,
        period=f"{day:%Y-%m}",
        indicator=INDICATOR,
        quantity=Decimal(1),
        minutes=45,
        activity=None,
        status="verified",
        verdict="meets",
        verified_by=head,
        late=False,
        unit=None,
        lapsed_by=None,
    )
    return received(INSTANSI, entry, data, version=2)
