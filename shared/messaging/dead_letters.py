"""Messages that could not be processed are kept whole."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from nats.aio.msg import Msg
from sqlalchemy import text

from shared.eventstore.database import Database
from shared.eventstore.registry import UnknownEvent
from shared.eventstore.rows import to_json
from shared.messaging.envelope import ContractBroken, OtherVersion

log = structlog.get_logger(__name__)

_KEEP = text("""
INSERT INTO dead_letters
    (durable, instansi, stream_seq, sent_at, subject, event_id, payload, headers, reason, error, trace, tries)
VALUES (:durable, :instansi, :stream_seq, :sent_at, :subject, :event_id, :payload, CAST(:headers AS jsonb), :reason, :error,
    :trace, :tries)
ON CONFLICT DO NOTHING
""")
_FORGET_TRIES = text("DELETE FROM tries WHERE durable = :durable AND event_id = :event_id")


@dataclass(frozen=True, slots=True)
class Broken:
    """A message that cannot be processed: `reason` is that of `reason_of`, `tries` how often it was tried."""

    message: Msg
    event_id: str | None
    reason: str
    error: BaseException
    tries: int = 1


def reason_of(error: BaseException) -> str:
    """`version`: another version of the service can process it; `contract`: it cannot be read; `handler`: all else."""
    if isinstance(error, OtherVersion | UnknownEvent):
        return "version"
    return "contract" if isinstance(error, ContractBroken) else "handler"


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
        "tries": broken.tries,
        **said(error),
    }


def said(error: BaseException) -> dict[str, str]:
    """What is kept of an error: its words and where it happened."""
    return {
        "error": _storable(str(error) or repr(error))[:2000],
        "trace": _storable("".join(traceback.format_exception(error)))[-8000:],
    }


def _storable(said: str) -> str:
    """PostgreSQL stores no U+0000 and no half characters; what cannot be stored could never be got rid of."""
    return said.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()
