"""What activity tells becomes facts here, and the reviews they concern are computed again."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.hears_activity.tables import HeardEntry, HeardSatisfaction, HeardSeal, HeardServiceRecord
from services.appraisal.locks import hold
from services.appraisal.reaction import by_instansi, own_motion, reaction, reactions
from services.appraisal.review.facts import Key
from services.appraisal.review.recompute import Cause, Work, add, recompute, recompute_each
from shared.calendar import Period
from shared.contracts import activity as told
from shared.eventstore.rows import fetch, table_of, to_json, upsert, upsert_sql
from shared.messaging.envelope import Received
from shared.messaging.streams import Renew, Subscription

_NEWER = "(stored.epoch, stored.version) < (excluded.epoch, excluded.version)"


async def _write(
    conn: AsyncConnection, table: type[Any], key: str, person: str, messages: Sequence[Received[Any]]
) -> list[tuple[Any, ...]]:
    """Keep newer facts. Returns (instansi, id, person, period, and person and period before) of those written."""
    columns = [column.name for column in table_of(table).columns]
    rows = [_fields(message, columns) for message in messages]
    write = upsert_sql(table_of(table), _NEWER).rsplit(" RETURNING ", 1)[0]
    names = f"new.instansi, new.{key}, new.{person}, new.period, old.{person}, old.period"
    return [tuple(row) for row in await fetch(conn, f"{write} RETURNING {names}", to_json(rows))]


def _fields(message: Received[Any], columns: Sequence[str]) -> dict[str, Any]:
    envelope = {
        "instansi": message.instansi,
        "epoch": message.epoch,
        "version": message.version,
        "origin": message.origin,
    }
    values = vars(message.data) | envelope  # to_json writes what is in them, faster than pydantic
    return {column: values[column] for column in columns}


def _hear(table: type[Any], key: str, person: str, code: Callable[[Any], str]) -> Any:
    """A handler that keeps facts of one person and period each, and computes the reviews they are and were in."""

    async def handle(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
        told_by = {(message.instansi, getattr(message.data, key)): message for message in messages}
        contexts = await reactions(conn, messages)
        work: Work = {instansi: (context, {}) for instansi, context in contexts.items()}
        for instansi, id_, *places in await _write(conn, table, key, person, messages):
            message = told_by[instansi, id_]
            cause = Cause(code(message), message.source, message.origin == "import")
            keys = {(places[at], places[at + 1]) for at in (0, 2) if places[at + 1] is not None}
            add(work[instansi][1], keys, cause)
        await recompute_each(conn, work)

    return handle


def _entry_code(message: Received[told.EntryFact]) -> str:
    return "entry-imported" if message.data.status == "imported" else "entry-corrected"


def _record_code(message: Received[told.ServiceRecordChanged]) -> str:
    return "service-record"


_IN_UNITS = """
SELECT DISTINCT a.employee, k.period FROM unnest($2::uuid[], $3::text[], $4::date[], $5::date[]) AS k(unit, period, first, last)
JOIN heard_assignment a ON a.instansi = $1 AND a.unit = k.unit AND a.kind = 'definitif' AND NOT a.void
     AND a.valid_from <= k.last AND (a.valid_to IS NULL OR a.valid_to >= k.first)
"""


async def _hear_satisfaction(conn: AsyncConnection, messages: Sequence[Received[told.SatisfactionChanged]]) -> None:
    kept = ("instansi", "unit", "period", "epoch", "version", "respondents")
    rows = [_fields(message, kept) | {"value": message.data.index} for message in messages]
    written = set(await upsert(conn, HeardSatisfaction, rows, newer=("epoch", "version")))
    for instansi, group in by_instansi(messages).items():
        heard = [(m.data.unit, m.data.period) for m in group if (instansi, m.data.unit, m.data.period) in written]
        cause = Cause("satisfaction", min(m.source for m in group), all(m.origin == "import" for m in group))
        keys = await _in_units(conn, instansi, heard)
        await recompute(conn, await reaction(conn, instansi, group), dict.fromkeys(keys, cause))


async def _in_units(conn: AsyncConnection, instansi: str, heard: Sequence[tuple[UUID, str]]) -> list[Key]:
    """Whose reviews of which periods the index of these units and periods may be part of."""
    await hold(conn, instansi, ())
    periods = [Period.parse(period) for _, period in heard]
    columns = [unit for unit, _ in heard], [str(p) for p in periods]
    days = [p.first_day for p in periods], [p.last_day for p in periods]
    return [(row[0], row[1]) for row in await fetch(conn, _IN_UNITS, instansi, *columns, *days)]


async def _hear_seals(conn: AsyncConnection, messages: Sequence[Received[told.PeriodSealed]]) -> None:
    columns = [column.name for column in table_of(HeardSeal).columns if column.name != "employees"]
    rows = [_fields(m, columns) | {"employees": m.data.model_dump()["employees"]} for m in messages]
    await upsert(conn, HeardSeal, rows, newer=("epoch", "version"))


def _forget(table: str, person: str) -> Renew:
    """What activity's restored record no longer says is no fact any more, and counts nowhere."""

    async def renew(conn: AsyncConnection, instansi: str, epoch: int) -> None:
        sql = f"DELETE FROM {table} WHERE instansi = $1 AND epoch < $2 RETURNING {person}, period"
        void = [(row[0], row[1]) for row in await fetch(conn, sql, instansi, epoch) if row[1] is not None]
        keys = await _in_units(conn, instansi, void) if person == "unit" else void
        context = await own_motion(conn, instansi, "renewed")
        await recompute(conn, context, dict.fromkeys(keys, Cause("record-restored")))

    return renew


async def _forget_seals(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    await fetch(conn, "DELETE FROM heard_seal WHERE instansi = $1 AND epoch < $2", instansi, epoch)


ENTRIES = Subscription(
    durable="appraisal--activity--entries",
    messages=(
        told.EntryLogged,
        told.EntryAmended,
        told.EntryWithdrawn,
        told.EntryVerified,
        told.EntryReturned,
        told.VerificationWithdrawn,
        told.EntryLapsed,
        told.EntryImported,
        told.RecordRenewed,
    ),
    handle=_hear(HeardEntry, "entry", "employee", _entry_code),
    batch=500,
    renew=_forget("heard_entry", "employee"),
)
SERVICE_RECORDS = Subscription(
    durable="appraisal--activity--service-records",
    messages=(told.ServiceRecordChanged, told.RecordRenewed),
    handle=_hear(HeardServiceRecord, "record", "officer", _record_code),
    renew=_forget("heard_service_record", "officer"),
)
SATISFACTION = Subscription(
    durable="appraisal--activity--satisfaction",
    messages=(told.SatisfactionChanged, told.RecordRenewed),
    handle=_hear_satisfaction,
    renew=_forget("heard_satisfaction", "unit"),
)
SEALS = Subscription(
    durable="appraisal--activity--seals",
    messages=(told.PeriodSealed, told.RecordRenewed),
    handle=_hear_seals,
    renew=_forget_seals,
)
