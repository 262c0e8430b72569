"""Commands in, facts out: load, decide, append, row and outbox, two round trips for a whole batch."""

from collections.abc import Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal, StaleVersion
from shared.eventstore.database import VersionConflict
from shared.eventstore.decider import Context, Order, Outcome, Recorded, Slice
from shared.eventstore.outbox import CHANNEL, Parcel, columns, meta_of, outbox_sql, parcel
from shared.eventstore.rows import fetch, table_of, to_json, upsert_sql

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

_LOAD = """
SELECT e.stream, e.version, e.type, e.schema, e.data, e.meta, e.occurred_at, e.recorded_at, now(), epoch.value
FROM epoch LEFT JOIN events e ON e.instansi = $1 AND e.stream = ANY($2::uuid[])
ORDER BY e.stream, e.version
"""
_APPEND = (
    "INSERT INTO events (instansi, stream, version, type, schema, data, meta, occurred_at, recorded_at)"
    " SELECT $1, u.s, u.v, u.t, u.n, u.d::jsonb, $2::text::jsonb, u.o, $3"
    " FROM unnest($4::uuid[], $5::int[], $6::text[], $7::int[], $8::text[], $9::timestamptz[]) AS u(s, v, t, n, d, o)"
)


async def execute(
    conn: AsyncConnection, slice_: Slice[S, C, E], context: Context, orders: Sequence[Order[C]]
) -> list[Outcome[S, E]]:
    """Carry out `orders` in the caller's transaction; each is accepted or refused by itself, in the order given.

    Several orders for one stream see each other's facts. A command that changes nothing records nothing.
    Raises VersionConflict when somebody else appended first: run the transaction again (`Database.run` does).
    """
    streams = sorted({order.stream for order in orders})
    rows = await fetch(conn, _LOAD, context.instansi, streams)
    current: dict[UUID, tuple[int, S]] = dict.fromkeys(streams, (0, slice_.decider.initial))
    for row in rows:
        if row[0] is not None:
            event = slice_.events.load(row[2], row[3], row[4])
            current[row[0]] = (row[1], slice_.decider.evolve(current[row[0]][1], event))
    batch = _Batch(slice_, context, now=rows[0][8], epoch=rows[0][9])
    outcomes = []
    for order in orders:
        version, state = current[order.stream]
        outcome: Outcome[S, E] = Outcome(order.stream, version, state)
        outcomes.append(outcome)
        try:
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


class _Batch:
    """What one call appends."""

    def __init__(self, slice_: Slice[Any, Any, Any], context: Context, now: datetime, epoch: int) -> None:
        self.slice, self.context, self.now, self.epoch = slice_, context, now, epoch
        self.meta = meta_of(context)
        self.events: list[tuple[UUID, int, str, int, str, datetime]] = []
        self.rows: dict[UUID, Any] = {}
        self.parcels: list[Parcel] = []

    def add(self, event: Any, state: Any, order: Order[Any], version: int) -> None:
        at = Recorded(
            instansi=self.context.instansi,
            stream=order.stream,
            version=version,
            occurred_at=order.at or self.context.now,
            recorded_at=self.now,
            meta=self.meta,
        )
        self.events.append((at.stream, version, *self.slice.events.dump(event), at.occurred_at))
        if self.slice.row is not None:
            self.rows[at.stream] = self.slice.row(state, at)
        if self.slice.publish is not None:
            message = self.slice.publish(event, state, at)
            if message is not None:
                self.parcels.append(parcel(message, at, self.epoch))

    async def write(self, conn: AsyncConnection) -> None:
        if not self.events:
            return
        columns_ = (list(column) for column in zip(*sorted(self.events, key=itemgetter(0, 1)), strict=True))
        parameters = [self.context.instansi, to_json(self.meta), self.now, *columns_]
        parts = [f"appended AS ({_APPEND})"]
        if self.rows and self.slice.table is not None:
            parameters.append(to_json([self.rows[stream] for stream in sorted(self.rows)]))
            table = table_of(self.slice.table)
            parts.append(f"seen AS ({upsert_sql(table, 'stored.version < excluded.version', f'${len(parameters)}')})")
        wake = "SELECT 1"
        if self.parcels:
            parts.append(f"sent AS ({outbox_sql(len(parameters) + 1)})")
            parameters.extend(columns(self.parcels))
            wake = f"SELECT pg_notify('{CHANNEL}', '')"
        try:
            await fetch(conn, f"WITH {', '.join(parts)} {wake}", *parameters)
        except IntegrityError as error:
            if _is_lost_race(error):
                raise VersionConflict(f"{self.slice.name}: another appended first") from error
            raise


def _is_lost_race(error: IntegrityError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "23505" and "events" in str(error.orig)


async def load(
    conn: AsyncConnection, slice_: Slice[S, C, E], instansi: str, stream: UUID
) -> tuple[int, S, list[tuple[E, Recorded]]]:
    """Version, state and history of one stream; version 0 when it does not exist."""
    version, state, history = 0, slice_.decider.initial, []
    for row in await fetch(conn, _LOAD, instansi, [stream]):
        if row[0] is not None:
            event, at = slice_.events.load(row[2], row[3], row[4]), recorded(instansi, row)
            version, state = at.version, slice_.decider.evolve(state, event)
            history.append((event, at))
    return version, state, history


def recorded(instansi: str, row: Any) -> Recorded:
    """Where the event in a row (stream, version, type, schema, data, meta, occurred_at, recorded_at) stands."""
    return Recorded(
        instansi=instansi,
        stream=row[0],
        version=row[1],
        occurred_at=row[6],
        recorded_at=row[7],
        meta=row[5],
    )
