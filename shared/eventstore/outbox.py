"""Messages that have to leave, written in the transaction of the fact they tell."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.base import Message
from shared.errors import Refusal
from shared.eventstore.database import Database, is_outage, posted
from shared.eventstore.decider import Context, Recorded
from shared.eventstore.rows import fetch, insert_sql, to_json
from shared.messaging.envelope import encode

log = structlog.get_logger(__name__)

MAX_BYTES = 262_144


class MessageTooLarge(Refusal):
    """A public message is at most 256 KiB; split what it carries."""

    code = "message-too-large"
    status = 413


class OutboxFull(Refusal):
    """Messages have not reached NATS for so long that commands are not accepted; those accepted will still leave."""

    code = "outbox-full"
    status = 503


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message ready for the road: a row of the outbox."""

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
    """The message about the fact `at`, with an id of its own in each version; raises MessageTooLarge."""
    id = at.event_id if message.VERSION == 1 else uuid5(at.event_id, f"v{message.VERSION}")
    body = encode(message, at, epoch, id)
    if len(body.encode()) > MAX_BYTES:
        raise MessageTooLarge(
            f"Terlalu besar untuk satu pesan; bagi isinya. / More than {MAX_BYTES} bytes of message; split what it carries.",
            type=message.full_type(),
            id=str(at.stream),
        )
    return Parcel(at.instansi, message.subject(at.instansi), id, body, at.meta.get("traceparent"))


def outbox_sql(parameter: str) -> str:
    """INSERT of parcels, as JSON, into the outbox."""
    return insert_sql("outbox", Parcel.__slots__, parameter)


def row_source(row: UUID, kind: str) -> UUID:
    """The source id of published state about `row`, such as "score": distinct from the stream with the row's own id."""
    return uuid5(row, kind)


_PUBLISH = """
INSERT INTO published AS p (instansi, source, version, type, content, meta, occurred_at)
SELECT n.instansi, n.source, 1, n.type, n.content, n.meta, n.occurred_at
FROM jsonb_populate_recordset(null::published, $1::jsonb) n
ORDER BY n.instansi, n.source
ON CONFLICT (instansi, source) DO UPDATE
SET version = p.version + 1, type = excluded.type, content = excluded.content, meta = excluded.meta,
    occurred_at = excluded.occurred_at, changed_at = now()
WHERE (p.type, p.content) IS DISTINCT FROM (excluded.type, excluded.content)
RETURNING p.instansi, p.source, p.version, p.occurred_at, p.changed_at, p.meta, (SELECT value FROM epoch)
"""


async def publish_state(
    conn: AsyncConnection, context: Context | Mapping[str, Context], publications: Sequence[Publication]
) -> list[tuple[str, UUID]]:
    """Make the newest state of each source public, once a source and call, and only where its content changed.

    `context` says who acts, by instansi where there are several.

    Returns (instansi, source) of what changed. The version of a source rises by one with each change.
    """
    newest = {(p.instansi, p.source): p.message for p in publications}
    if not newest:
        return []
    actors: dict[str, dict[str, Any]] = {}
    for instansi in {instansi for instansi, _ in newest}:
        acting = context if isinstance(context, Context) else context[instansi]
        actors[instansi] = {"meta": acting.meta, "occurred_at": acting.now}
    rows = [
        {
            "instansi": instansi,
            "source": source,
            "type": message.full_type(),
            "content": message.model_dump(mode="json"),
            **actors[instansi],
        }
        for (instansi, source), message in newest.items()
    ]
    changed = await fetch(conn, _PUBLISH, to_json(rows))
    if changed:
        parcels = [parcel(newest[row[0], row[1]], Recorded(*row[:6]), epoch=row[6]) for row in changed]
        await fetch(conn, outbox_sql("$1"), to_json(parcels))
        posted(conn)
    return [(row[0], row[1]) for row in changed]


async def watch_room(db: Database, limit: int) -> None:
    """Say by `db.full`, once a second until cancelled, whether more than `limit` messages wait; for the API only.

    Between two looks somewhat more than the limit may be accepted. What reactions cause is never held back.
    """
    while True:
        try:
            async with db.transaction() as conn:
                [(waiting,)] = await fetch(conn, "SELECT outbox_waiting()")
            if db.full != (waiting > limit):
                db.full = waiting > limit
                log.warning("outbox.full" if db.full else "outbox.has_room", waiting=waiting, limit=limit)
        except Exception as error:  # whatever it was, it is looked at again in a second
            if not is_outage(error):
                log.error("outbox.not_measured", exc_info=True)
        await asyncio.sleep(1)
