"""Rebuilding a read model from the record, against the `eventsourcing` library reading and decoding the same facts."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
from eventsourcing.application import Application, LocalNotificationLog
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Transcoding
from eventsourcing.system import NotificationLogReader

from bench.figure import Figure, Row, in_turn
from bench.stage import Stage
from deploy.provision import Database as Made
from services.activity.entry.slice import ENTRY
from shared.eventstore.database import Database
from shared.operations.rebuild import prove, rebuild

ROWS = (
    Row(
        name="rebuild",
        unit="events/s",
        what="read models written anew from an empty table",
        against="eventsourcing: reading its PostgreSQL notification log and decoding, nothing written",
        reach=3,
        aim=5,
    ),
    Row(
        name="rebuild_same",
        unit="events/s",
        what="a rebuild that finds every row as it should be",
        against="the same",
    ),
    Row(
        name="prove", unit="events/s", what="proving that versions and rows are as the record says", against="the same"
    ),
)
_PAGE = 100  # of the library: the fastest of 10, 100, 1,000 and 10,000, and faster than its subscription

_NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
#: Entry n of the record: logged by one of 5,000 employees and verified an hour later.
_EVENTS = """
WITH n AS (
    SELECT n, ('01959900' || lpad(to_hex(n), 8, '0') || '80000000' || lpad(to_hex(n % 5000), 8, '0'))::uuid AS stream,
           ('01950000-1800-7000-8000-' || lpad(to_hex(n % 5000), 12, '0')) AS employee,
           ('01950000-1800-7000-8001-' || lpad(to_hex(n % 500), 12, '0')) AS superior, '2026-03-10 05:00Z'::timestamptz AS noon
    FROM generate_series(1, $1::int) n
)
INSERT INTO events (instansi, stream, version, type, schema, data, meta, occurred_at, recorded_at)
SELECT 'bench', stream, 1, 'entry.logged', 1, jsonb_build_object('employee', employee, 'period', '2026-03',
       'received_at', '2026-03-10T05:00:00Z', 'late', false, 'content', jsonb_build_object('day', '2026-03-10',
       'indicator', employee, 'quantity', (n % 9 + 1)::text, 'minutes', 30, 'activity', 'posyandu', 'done_at', null, 'unit', null,
       'description', jsonb_build_object('id', employee, 'hash', repeat('ab', 32)))),
       jsonb_build_object('actor', employee, 'role', 'staff', 'origin', 'person', 'correlation_id', superior), noon, noon
FROM n UNION ALL
SELECT 'bench', stream, 2, 'entry.verified', 1, jsonb_build_object('by', superior, 'as_hr', false, 'verdict', 'meets', 'text', null),
       jsonb_build_object('actor', superior, 'role', 'superior', 'origin', 'person', 'correlation_id', employee),
       noon + interval '1 hour', noon + interval '1 hour'
FROM n
"""


class Entry(Aggregate):
    """The same facts as the library keeps them, a little flatter, which spares it work."""

    class Logged(Aggregate.Created):
        """What `EntryLogged` holds."""

        employee: UUID
        day: date
        indicator: UUID
        quantity: Decimal
        minutes: int
        activity: str
        description: UUID
        description_hash: str
        period: str
        received_at: datetime
        late: bool

    @event(Logged)
    def __init__(
        self,
        employee: UUID,
        day: date,
        indicator: UUID,
        quantity: Decimal,
        minutes: int,
        activity: str,
        description: UUID,
        description_hash: str,
        period: str,
        received_at: datetime,
        late: bool,
    ) -> None:
        self.status = "waiting"

    @event("Verified")
    def verify(self, by: UUID, as_hr: bool, verdict: str, text: UUID | None) -> None:
        """What `EntryVerified` holds."""
        self.status = "verified"


class _DateAsIso(Transcoding):
    type, name = date, "date_iso"

    def encode(self, obj: date) -> str:
        return obj.isoformat()

    def decode(self, data: str) -> date:
        return date.fromisoformat(data)


class _Entries(Application[UUID]):
    def register_transcodings(self, transcoder: Any) -> None:
        super().register_transcodings(transcoder)
        transcoder.register(_DateAsIso())


@contextmanager
def _library(made: Made, streams: int) -> Iterator[_Entries]:
    """The library's application with as many entries in a table of its own."""
    settings = {"HOST": made.host, "PORT": str(made.port), "DBNAME": made.name, "USER": "activity_owner"}
    settings |= {"PASSWORD": made.passwords["owner"]}
    app = _Entries(
        env={"PERSISTENCE_MODULE": "eventsourcing.postgres"} | {f"POSTGRES_{k}": v for k, v in settings.items()}
    )
    try:
        for start in range(0, streams, 200):
            app.save(*(_entry(n) for n in range(start, min(start + 200, streams))))
        yield app
    finally:
        app.close()


def _entry(n: int) -> Entry:
    employee, superior = UUID(int=(0x0195 << 112) + n % 5000), UUID(int=(0x0196 << 112) + n % 500)
    content = (employee, _NOON.date(), employee, Decimal(n % 9 + 1), 30, "posyandu", employee, "ab" * 32)
    made = Entry(*content, "2026-03", _NOON + timedelta(minutes=n % 60), late=False)
    made.verify(superior, as_hr=False, verdict="meets", text=None)
    return made


async def measure(stage: Stage) -> list[Figure]:
    """Rounds of ours and the library's in turn."""
    streams = {"tiny": 1_000, "quick": 10_000, "full": 20_000}[stage.size]
    async with stage.database("activity") as made:
        owner = await asyncpg.connect(made.url("owner", "postgresql"))
        await owner.execute(_EVENTS, streams)
        db = Database(made.url("worker"))
        with _library(made, streams) as app:
            await owner.execute("ANALYZE")

            async def library() -> float:
                return await asyncio.to_thread(_follow, app, 2 * streams)

            async def rebuilt(expected: int = streams) -> float:
                started = time.perf_counter()
                rows, _ = await rebuild(db, ENTRY)
                assert rows == expected, rows
                return 2 * streams / (time.perf_counter() - started)

            async def afresh() -> float:
                await owner.execute("TRUNCATE entry")
                return await rebuilt()

            async def proved() -> float:
                started = time.perf_counter()
                assert await prove(db, [ENTRY]) == []
                return 2 * streams / (time.perf_counter() - started)

            figures = [await in_turn(ROWS[0], afresh, library, stage.rounds)]
            figures.append(await in_turn(ROWS[1], lambda: rebuilt(0), library, min(3, stage.rounds)))
            figures.append(await in_turn(ROWS[2], proved, library, min(3, stage.rounds)))
        await db.close()
        await owner.close()
    return figures


def _follow(app: _Entries, events: int) -> float:
    started = time.perf_counter()
    log, seen = LocalNotificationLog(app.recorder, section_size=_PAGE), 0
    for notifications in NotificationLogReader(log, section_size=_PAGE).select(start=1):
        seen += len([app.mapper.to_domain_event(each) for each in notifications])
    assert seen == events, seen
    return events / (time.perf_counter() - started)
