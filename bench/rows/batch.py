"""Entries logged in batches of 500, against COPY of the rows that this leaves, 500 a commit."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from bench.figure import Figure, Row, in_turn
from bench.seed import Agency, agency, entry_body, tell, tell_plans
from bench.serving import Keys, Process, settings_of
from bench.stage import Stage
from bench.traffic import Driver, request
from shared.ids import fresh_id

SIZE = 500
#: Enough to keep the process at work while the database is.
CALLERS = 4
ROWS = (
    Row(
        name="batch",
        unit="entries/s",
        what=f"POST of {SIZE} entries with descriptions, durable when answered, {CALLERS} callers, one API process",
        against=f"COPY of the same rows into the same tables with their indexes, {SIZE} a commit",
        reach=0.35,
        aim=0.5,
    ),
)
#: What an entry leaves. The id in the outbox is given by the table.
_TABLES = {"events": "*", "entry": "*", "text_salts": "*", "texts": "*"} | {
    "outbox": "instansi, subject, event_id, body, traceparent, created_at"
}

Records = Mapping[str, tuple[Sequence[str], Sequence[Any]]]


def _requests(keys: Keys, people: Agency, batches: int) -> list[bytes]:
    made = []
    for n in range(batches):
        employee = people.staff[n % len(people.staff)]
        items = [entry_body(people, employee, n * SIZE + i) | {"id": str(fresh_id())} for i in range(SIZE)]
        path, token = f"/api/v1/{people.instansi}/entries/batch", keys.token(people.instansi, employee)
        made.append(request("POST", path, token, {"items": items}))
    return made


async def _empty(admin: Any) -> None:
    await admin.execute(f"TRUNCATE {', '.join(_TABLES)}; CHECKPOINT")


async def _recorded(admin: Any) -> Records:
    found = {table: await admin.fetch(f"SELECT {columns} FROM {table}") for table, columns in _TABLES.items()}
    return {table: (list(rows[0].keys()), [tuple(row) for row in rows]) for table, rows in found.items()}


async def _copy(conn: Any, records: Records, start: int) -> None:
    async with conn.transaction():
        for table, (columns, rows) in records.items():
            await conn.copy_records_to_table(table, records=rows[start : start + SIZE], columns=columns)


async def measure(stage: Stage) -> list[Figure]:
    """Rounds in turn; both begin with empty tables of the same definition, in a database each."""
    batches = {"tiny": 2, "quick": 12, "full": 30}[stage.size]
    keys, people = Keys(stage.folder), agency("bench")
    async with stage.database("activity") as ours, stage.database("activity") as theirs:
        await tell(ours.url("worker"), people)
        await tell_plans(ours.url("worker"), people)
        admin = await asyncpg.connect(stage.postgres.url(ours.name))
        copying = await asyncpg.connect(stage.postgres.url(theirs.name))
        with (
            Process("services.activity --only api", stage.folder / "activity.log", settings_of(ours, keys)) as process,
            Driver() as driver,
        ):

            async def send() -> float:
                await _empty(admin)
                return (await driver.drive(process.port, _requests(keys, people, batches), CALLERS)).rate * SIZE

            await send()
            records = await _recorded(admin)
            assert {len(rows) for _, rows in records.values()} == {batches * SIZE}

            async def copy() -> float:
                await _empty(copying)
                started = time.perf_counter()
                for start in range(0, batches * SIZE, SIZE):
                    await _copy(copying, records, start)
                return batches * SIZE / (time.perf_counter() - started)

            figure = await in_turn(ROWS[0], send, copy, stage.rounds)
        await admin.close()
        await copying.close()
    return [figure]
