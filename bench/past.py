"""A past for databases: an agency's people and their entries, each logged and verified, as the services stored them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from services.appraisal.plan.events import Aspect, Indicator, WorkResult
from services.appraisal.plan.view import RESULTS
from services.appraisal.rules.achievement import Direction, NumberTarget
from shared.eventstore.texts import Text

INSTANSI = "kota-medan"
TEAMS, TEAM = 50, 100
PEOPLE = TEAMS * TEAM
_PER_DAY = 5 * PEOPLE


def person(number: int) -> UUID:
    """The id of an employee (from 0), or of the head of team n (PEOPLE + n)."""
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


#: What every entry counts for.
INDICATOR = person(999_999)


def _uuid(number: str) -> str:
    return f"('01900000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


_AGENCY = f"""
INSERT INTO heard_instansi VALUES ('{INSTANSI}', 1, 1, 'Asia/Jakarta', '2020-01-01', '{{}}',
    '{{"version": 1, "period_kind": "month", "late_after_working_days": 5, "verification_grace_working_days": 3,
       "gap_threshold_percent": "60", "score_above_percent": "110", "score_meets_percent": "90",
       "achievement_cap_percent": "120", "daily_summary_at": "07:00"}}');
INSERT INTO heard_employee
SELECT '{INSTANSI}', {_uuid("n")}, 1, 1, 'PNS', true FROM generate_series(0, {PEOPLE + TEAMS - 1}) AS n;
INSERT INTO heard_assignment
SELECT '{INSTANSI}', {_uuid("n")}, 1, 1, {_uuid("n")}, {_uuid(f"n % {PEOPLE} / {TEAM}")}, {_uuid("n")},
       CASE WHEN n < {PEOPLE} THEN {_uuid(f"{PEOPLE} + n / {TEAM}")} END, 'definitif', '2020-01-01', NULL, false
FROM generate_series(0, {PEOPLE + TEAMS - 1}) AS n
"""
# An entry after the other up to now, spread evenly over the day: a UUIDv7 of its moment each.
_PAST = f"""
CREATE UNLOGGED TABLE past AS
SELECT n, at, hash, {_uuid(f"n % {PEOPLE}")} AS employee, {_uuid(f"{PEOPLE} + n % {PEOPLE} / {TEAM}")} AS head,
       (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8'
        || substr(hash, 4, 15))::uuid AS id, md5('words' || hash)::uuid AS words
FROM (SELECT n, md5(n::text) AS hash, '{{began}}'::timestamptz + make_interval(secs => n * {86_400 / _PER_DAY}) AS at
      FROM generate_series(0, {{entries}} - 1) AS n) AS numbered
"""
_EVENTS = f"""
INSERT INTO events (instansi, stream, version, type, schema, data, meta, occurred_at, recorded_at)
SELECT '{INSTANSI}', id, v, CASE v WHEN 1 THEN 'entry.logged' ELSE 'entry.verified' END, 1,
    CASE v WHEN 1 THEN jsonb_build_object('employee', employee, 'period', to_char(at, 'YYYY-MM'), 'late', false,
        'received_at', at, 'content', jsonb_build_object('day', at::date, 'indicator', NULL, 'quantity', '1', 'minutes', 45,
        'activity', NULL, 'description', jsonb_build_object('id', words, 'hash', hash || hash), 'done_at', NULL, 'unit', NULL))
    ELSE jsonb_build_object('by', head, 'as_hr', false, 'verdict', 'meets', 'text', NULL) END,
    jsonb_build_object('actor', CASE v WHEN 1 THEN employee ELSE head END, 'role', 'staff', 'origin', 'person',
        'correlation_id', hash), at, at
FROM past, generate_series(1, 2) AS v ORDER BY n, v
"""
_ENTRY = f"""
INSERT INTO entry SELECT '{INSTANSI}', id, 2, employee, at::date, to_char(at, 'YYYY-MM'), 'verified', NULL, 1, 45, NULL,
    NULL, words, false, 'meets', head, NULL, NULL, NULL, at, at FROM past ORDER BY n
"""
_TEXTS = f"""
INSERT INTO texts SELECT '{INSTANSI}', words, id, employee, 'Melayani pemeriksaan balita di posyandu ' || hash, at
FROM past ORDER BY words
"""
_SALTS = f"INSERT INTO text_salts SELECT '{INSTANSI}', id, hash FROM past ORDER BY n"
_HEARD = f"""
INSERT INTO heard_entry SELECT '{INSTANSI}', id, 1, 2, employee, to_char(at, 'YYYY-MM'), at::date, '{INDICATOR}', 1, 45,
    'verified', 'meets', false, NULL, NULL, 'person' FROM past ORDER BY n
"""
_PLAN = f"""
INSERT INTO plan SELECT '{INSTANSI}', {_uuid("n")}, 1, {_uuid("n")}, extract(year FROM now()), 'agreed', 1, NULL, 1, NULL,
    NULL, NULL, NULL, '%s' FROM generate_series(0, {PEOPLE} - 1) AS n
"""
#: What everybody agreed: a hundred examinations a month.
_AGREED = WorkResult(
    id=INDICATOR,
    title=Text(INDICATOR, ""),
    indicators=(
        Indicator(
            id=INDICATOR,
            title=Text(INDICATOR, ""),
            aspect=Aspect.KUANTITAS,
            target=NumberTarget(Decimal(100)),
            direction=Direction.HIGHER,
            measure="quantity",
            unit_label="pemeriksaan",
        ),
    ),
)
_INDEXES = """
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made
FROM pg_index WHERE indrelid = $1::regclass AND NOT indisunique
"""
#: While a past is written: one long checkpoint at the end instead of many, and no vacuum in between.
_HASTE = {"max_wal_size": "24GB", "full_page_writes": "off", "autovacuum": "off"}
_PATIENT = {"synchronous_commit": "off", "maintenance_work_mem": "512MB", "work_mem": "512MB"}


async def fill(url: str, entries: int) -> None:
    """Give the activity database behind the superuser's `url` so many entries: events, rows and words of each."""
    async with _past(url, entries, "events", "entry", "texts", "text_salts"):
        await asyncio.gather(
            _insert(url, {"events": _EVENTS}), _insert(url, {"entry": _ENTRY, "texts": _TEXTS, "text_salts": _SALTS})
        )


async def fill_heard(url: str, entries: int) -> None:
    """Give the appraisal database behind the superuser's `url` what it heard of so many entries."""
    agreed = RESULTS.dump_json((_AGREED,)).decode()
    async with _past(url, entries, "heard_entry", "plan"):
        await _insert(url, {"heard_entry": _HEARD, "plan": _PLAN % agreed})


@asynccontextmanager
async def _past(url: str, entries: int, *tables: str) -> AsyncIterator[None]:
    conn: asyncpg.Connection[Any] = await asyncpg.connect(url, server_settings=_PATIENT)
    for name, value in _HASTE.items():
        await conn.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await conn.execute("SELECT pg_reload_conf()")
    began = datetime.now(UTC) - timedelta(days=entries / _PER_DAY)
    await conn.execute(_AGENCY)
    await conn.execute(_PAST.format(began=began, entries=entries))
    yield
    await conn.execute("DROP TABLE past")
    await conn.execute(f"VACUUM ANALYZE heard_instansi, heard_employee, heard_assignment, {', '.join(tables)}")
    for name in _HASTE:
        await conn.execute(f"ALTER SYSTEM RESET {name}")
    await conn.execute("SELECT pg_reload_conf()")
    await conn.execute("CHECKPOINT")
    await conn.close()


async def _insert(url: str, statements: dict[str, str]) -> None:
    """Fill tables; what is not unique is indexed afterwards, which is quicker."""
    conn: asyncpg.Connection[Any] = await asyncpg.connect(url, server_settings=_PATIENT)
    for table, statement in statements.items():
        indexes = [] if table == "events" else await conn.fetch(_INDEXES, table)
        for index in indexes:
            await conn.execute(f"DROP INDEX {index['name']}")
        await conn.execute(statement)
        for index in indexes:
            await conn.execute(index["made"])
    await conn.close()
