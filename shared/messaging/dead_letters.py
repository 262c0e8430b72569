"""Messages that could not be processed: kept whole, listed, retried from their row, or dropped by a person."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from nats.aio.msg import Msg
from sqlalchemy import text

from shared.eventstore.database import Database
from shared.eventstore.rows import to_json
from shared.messaging.delivery import deliver
from shared.messaging.envelope import decode
from shared.messaging.streams import Subscription

log = structlog.get_logger(__name__)

_KEEP = text("""
INSERT INTO dead_letters
    (durable, instansi, stream_seq, sent_at, subject, event_id, payload, headers, reason, error, trace, tries)
VALUES (:durable, :instansi, :stream_seq, :sent_at, :subject, :event_id, :payload, CAST(:headers AS jsonb), :reason, :error,
    :trace, :tries)
ON CONFLICT DO NOTHING
""")
_FORGET_TRIES = text("DELETE FROM tries WHERE durable = :durable AND event_id = :event_id")
_SETTLE = text("""
UPDATE dead_letters SET settled_at = now(), settled = :how WHERE id = :id AND settled_at IS NULL RETURNING durable
""")


class NoSuchDeadLetter(LookupError):
    """There is no open dead letter of this id."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that cannot be processed: `reason` is "contract" or "handler", `tries` how often it was tried."""

    message: Msg
    event_id: str | None
    reason: str
    error: BaseException
    tries: int = 1


async def keep(db: Database, durable: str, broken: Sequence[Broken]) -> None:
    """Keep messages, which the caller ends on the road only after this committed. Keeping one again changes nothing."""
    rows = [_row(durable, each) for each in broken]
    async with db.transaction() as conn:
        await conn.execute(_KEEP, rows)
        await conn.execute(_FORGET_TRIES, rows)
    for each in broken:
        subject = each.message.subject
        log.error("message.dead", durable=durable, subject=subject, reason=each.reason, tries=each.tries)


def _row(durable: str, broken: Broken) -> dict[str, Any]:
    message, error = broken.message, broken.error
    return {
        "durable": durable,
        "instansi": message.subject.split(".")[1],
        "stream_seq": message.metadata.sequence.stream,
        "sent_at": message.metadata.timestamp,
        "subject": message.subject,
        "event_id": broken.event_id and _storable(broken.event_id),
        "payload": message.data,
        "headers": to_json({_storable(name): _storable(value) for name, value in (message.headers or {}).items()}),
        "reason": broken.reason,
        "error": _storable(str(error))[:2000],
        "trace": _storable("".join(traceback.format_exception(error)))[-8000:],
        "tries": broken.tries,
    }


def _storable(said: str) -> str:
    """PostgreSQL stores no U+0000 and no half characters; what cannot be stored could never be got rid of."""
    return said.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


async def listed(db: Database, *, settled: bool = False, limit: int = 100) -> list[dict[str, Any]]:
    """The newest dead letters, without their payloads."""
    async with db.transaction() as conn:
        rows = await conn.execute(
            text(
                "SELECT id, durable, instansi, subject, event_id, reason, error, tries, created_at, settled FROM dead_letters"
                " WHERE :settled OR settled_at IS NULL ORDER BY id DESC LIMIT :limit"
            ),
            {"settled": settled, "limit": limit},
        )
        return [dict(row) for row in rows.mappings()]


async def shown(db: Database, letter: int) -> dict[str, Any]:
    """One dead letter whole; raises NoSuchDeadLetter."""
    async with db.transaction() as conn:
        row = (await conn.execute(text("SELECT * FROM dead_letters WHERE id = :id"), {"id": letter})).mappings().first()
    if row is None:
        raise NoSuchDeadLetter(f"no dead letter {letter}")
    return dict(row)


async def retry(db: Database, subscriptions: Sequence[Subscription], letter: int) -> None:
    """Run the handler from the row, then settle it; whatever the handler raises leaves the row as it was."""
    row = await shown(db, letter)
    if row["settled_at"] is not None:
        raise NoSuchDeadLetter(f"dead letter {letter} is settled: {row['settled']}")
    subscription = next((s for s in subscriptions if s.durable == row["durable"]), None)
    if subscription is None:
        raise NoSuchDeadLetter(f"nothing hears {row['durable']} any more: drop dead letter {letter}")
    message = decode(bytes(row["payload"]), row["subject"], subscription.messages)
    await deliver(db, subscription, [message])
    await _settle(db, letter, "retried")


async def drop(db: Database, letter: int) -> None:
    """Give a dead letter up; the row stays, settled."""
    await _settle(db, letter, "dropped")


async def _settle(db: Database, letter: int, how: str) -> None:
    async with db.transaction() as conn:
        durable = (await conn.execute(_SETTLE, {"id": letter, "how": how})).scalar()
    if durable is None:
        raise NoSuchDeadLetter(f"no open dead letter {letter}")
    log.info("dead_letter.settled", id=letter, durable=durable, how=how)
