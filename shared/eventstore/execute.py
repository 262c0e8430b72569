"""Commands in, facts out: load, decide, append, row and outbox, two round trips for a whole batch."""

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import ContentDiffers, Refusal, StaleVersion
from shared.eventstore.database import VersionConflict, posted
from shared.eventstore.decider import Context, Order, Outcome, Recorded, Slice
from shared.eventstore.history import COLUMNS, SELECT, fold, stories
from shared.eventstore.outbox import Parcel, outbox_sql, parcel
from shared.eventstore.rows import fetch, insert_sql, table_of, to_json, upsert_sql
from shared.observability.commands import observed

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

_LOAD = f"""
SELECT {SELECT}, now(), epoch.value FROM epoch LEFT JOIN events e ON e.instansi = $1 AND e.stream = ANY($2::uuid[])
ORDER BY e.stream, e.version
"""


@observed
async def execute(
    conn: AsyncConnection, slice_: Slice[S, C, E], context: Context, orders: Sequence[Order[C]]
) -> list[Outcome[S, E]]:
    """Carry out `orders` in the caller's transaction; each is accepted or refused by itself, in the order given.

    Several orders for one stream see each other's facts. A command that changes nothing records nothing.
    Raises VersionConflict when somebody else appended first: run the transaction again (`Database.run` does).
    """
    rows = await fetch(conn, _LOAD, context.instansi, sorted({order.stream for order in orders}, key=_number))
    mine = f"{slice_.name}."
    foreign = {row[1] for row in rows if row[0] is not None and not row[6].startswith(mine)}
    current: dict[UUID, tuple[int, S]] = {
        steps[-1].at.stream: (steps[-1].at.version, steps[-1].state)
        for steps in fold(slice_, (row for row in rows if row[0] is not None and row[1] not in foreign))
    }
    batch = _Batch(slice_, context, now=rows[0][9], epoch=rows[0][10])
    outcomes = []
    for order in orders:
        version, state = current.get(order.stream, (0, slice_.decider.initial))
        outcome: Outcome[S, E] = Outcome(order.stream, version, state)
        outcomes.append(outcome)
        try:
            if order.stream in foreign:  # clients make ids
                raise ContentDiffers("Id ini milik catatan lain. / This id belongs to another kind of record.")
            if order.expected is not None and order.expected != version:
                raise StaleVersion("Data sudah berubah: muat ulang lalu ulangi. Reload and try again.", version=version)
            outcome.events = list(slice_.decider.decide(state, order.command))
        except Refusal as refusal:
            outcome.refusal = refusal
            continue
        for event in outcome.events:
            outcome.version, outcome.state = outcome.version + 1, slice_.decider.evolve(outcome.state, event)
            batch.add(event, outcome.state, order, outcome.version)
        current[order.stream] = outcome.version, outcome.state
    await batch.write(conn)
    return outcomes


# By number: comparing ids themselves is Python code.
_number = attrgetter("int")


def _place(event: tuple[Any, ...]) -> tuple[int, int]:
    return event[1].int, event[2]


class _Batch:
    """What one call appends."""

    def __init__(self, slice_: Slice[Any, Any, Any], context: Context, now: datetime, epoch: int) -> None:
        self.slice, self.context, self.now, self.epoch = slice_, context, now, epoch
        self.events: list[tuple[Any, ...]] = []
        self.rows: dict[UUID, Any] = {}
        self.parcels: list[Parcel] = []

    def add(self, event: Any, state: Any, order: Order[Any], version: int) -> None:
        context = order.context or self.context
        at = Recorded(context.instansi, order.stream, version, order.at or context.now, self.now, context.meta)
        name, schema, data = self.slice.events.dump(event)
        place = at.instansi, at.stream, at.version, at.occurred_at, at.recorded_at, at.meta
        self.events.append((*place, name, schema, orjson.Fragment(data)))
        if self.slice.row is not None:
            self.rows[at.stream] = self.slice.row(state, at)
        self.parcels += [parcel(message, at, self.epoch) for message in self.slice.told(event, state, at)]

    async def write(self, conn: AsyncConnection) -> None:
        """Events, rows and messages in one statement: there is no moment between them."""
        if not self.events:
            return
        events = [dict(zip(COLUMNS, event, strict=True)) for event in sorted(self.events, key=_place)]
        parameters, parts = [to_json(events)], [f"appended AS ({insert_sql('events', COLUMNS, '$1')})"]
        if self.rows and self.slice.table is not None:
            parameters.append(to_json([self.rows[stream] for stream in sorted(self.rows, key=_number)]))
            table = table_of(self.slice.table)
            parts.append(f"seen AS ({upsert_sql(table, 'stored.version < excluded.version', f'${len(parameters)}')})")
        if self.parcels:
            parameters.append(to_json(self.parcels))
            parts.append(f"sent AS ({outbox_sql(f'${len(parameters)}')})")
            posted(conn)
        try:
            await fetch(conn, f"WITH {', '.join(parts)} SELECT", *parameters)
        except asyncpg.UniqueViolationError as error:
            if str(error.table_name).startswith("events_"):  # a partition of `events`: the version is taken
                raise VersionConflict(f"{self.slice.name}: another appended first") from error
            raise


async def load(
    conn: AsyncConnection, slice_: Slice[S, C, E], instansi: str, stream: UUID
) -> tuple[int, S, list[tuple[E, Recorded]]]:
    """Version, state and history of one stream; version 0 when it does not exist."""
    for steps in await stories(conn, slice_, [(instansi, stream)]):
        return steps[-1].at.version, steps[-1].state, [(step.event, step.at) for step in steps]
    return 0, slice_.decider.initial, []
