"""Messages that have to leave, written in the transaction of the fact they tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.base import Message
from shared.eventstore.decider import Context, Recorded
from shared.eventstore.rows import fetch, to_json
from shared.messaging.envelope import encode

MAX_BYTES = 262_144
CHANNEL = "outbox"


class MessageTooLarge(ValueError):
    """A public message is at most 256 KiB; split what it carries."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready for the road."""

    instansi: str
    subject: str
    event_id: UUID
    body: str
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Publication:
    """State to make public: the newest message about `source`. Not the id of a stream: use `row_source`."""

    instansi: str
    source: UUID
    message: Message


def parcel(message: Message, at: Recorded, epoch: int) -> Parcel:
    """The message about the fact `at`; raises MessageTooLarge."""
    body = encode(
        message,
        event_id=at.event_id,
        instansi=at.instansi,
        source=at.stream,
        epoch=epoch,
        version=at.version,
        occurred_at=at.occurred_at,
        recorded_at=at.recorded_at,
        meta=at.meta,
    )
    if len(body.encode()) > MAX_BYTES:
        raise MessageTooLarge(f"{message.full_type()} of {at.stream} is over {MAX_BYTES} bytes: split what it carries")
    return Parcel(at.instansi, message.subject(at.instansi), at.event_id, body, at.meta.get("traceparent"))


def columns(
    parcels: Sequence[Parcel],
) -> tuple[list[str], list[str], list[UUID], list[str], list[str | None]]:
    """Parcels as the column arrays that OUTBOX_SQL unnests."""
    return (
        [p.instansi for p in parcels],
        [p.subject for p in parcels],
        [p.event_id for p in parcels],
        [p.body for p in parcels],
        [p.traceparent for p in parcels],
    )


def outbox_sql(first: int) -> str:
    """INSERT into the outbox from five arrays whose parameters start at `first`."""
    a, b, c, d, e = (f"${n}" for n in range(first, first + 5))
    return (
        "INSERT INTO outbox (instansi, subject, event_id, body, traceparent)"
        f" SELECT * FROM unnest({a}::text[], {b}::text[], {c}::uuid[], {d}::text[], {e}::text[])"
    )


def row_source(row: UUID, kind: str) -> UUID:
    """The source id of published state about `row`, such as "score": distinct from the stream with the row's own id."""
    return uuid5(row, kind)


_PUBLISH = """
INSERT INTO published AS p (instansi, source, version, type, content, meta, occurred_at)
SELECT n.instansi, n.source, 1, n.type, n.content, n.meta, n.occurred_at
FROM jsonb_to_recordset($1::jsonb)
     AS n(instansi text, source uuid, type text, content jsonb, meta jsonb, occurred_at timestamptz)
ORDER BY n.instansi, n.source
ON CONFLICT (instansi, source) DO UPDATE
SET version = p.version + 1, type = excluded.type, content = excluded.content, meta = excluded.meta,
    occurred_at = excluded.occurred_at, changed_at = now()
WHERE (p.type, p.content) IS DISTINCT FROM (excluded.type, excluded.content)
RETURNING p.instansi, p.source, p.version, p.changed_at
"""


async def publish_state(
    conn: AsyncConnection, context: Context, publications: Sequence[Publication], epoch: int
) -> list[tuple[str, UUID]]:
    """Make the newest state of each source public, once a source and call, and only where its content changed.

    Returns (instansi, source) of what changed. The version of a source rises by one with each change.
    """
    newest = {(p.instansi, p.source): p for p in publications}
    if not newest:
        return []
    meta = meta_of(context)
    rows = [
        {
            "instansi": p.instansi,
            "source": p.source,
            "type": p.message.full_type(),
            "content": p.message.model_dump(mode="json"),
            "meta": meta,
            "occurred_at": context.now,
        }
        for p in newest.values()
    ]
    changed = await fetch(conn, _PUBLISH, to_json(rows))
    parcels = [
        parcel(
            newest[instansi, source].message,
            Recorded(
                instansi=instansi,
                stream=source,
                version=version,
                occurred_at=context.now,
                recorded_at=at,
                meta=meta,
            ),
            epoch,
        )
        for instansi, source, version, at in changed
    ]
    await send(conn, parcels)
    return [(instansi, source) for instansi, source, _, _ in changed]


async def send(conn: AsyncConnection, parcels: Sequence[Parcel]) -> None:
    """Put parcels into the outbox and wake the relay at commit."""
    if parcels:
        sql = f"WITH sent AS ({outbox_sql(1)}) SELECT pg_notify('{CHANNEL}', '')"
        await fetch(conn, sql, *columns(parcels))


def meta_of(context: Context) -> dict[str, Any]:
    """What is kept with a fact about who did it and what led to it."""
    meta: Mapping[str, Any] = {
        "actor": str(context.actor) if context.actor else None,
        "role": context.role,
        "origin": context.origin,
        "correlation_id": context.correlation_id,
        "causation_id": context.causation_id,
        "traceparent": context.traceparent,
    }
    return {key: value for key, value in meta.items() if value is not None}
