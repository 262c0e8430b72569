"""CloudEvents 1.0 in structured mode: one JSON document a message."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from shared.contracts.base import Message, Ordinal
from shared.eventstore.decider import Recorded

M = TypeVar("M", bound=Message)

CONTENT_TYPE = "application/cloudevents+json"


class ContractBroken(Exception):
    """A message that cannot be read: no JSON, no CloudEvent, an unknown type, or data against its contract."""


#: What the database and Python's calendar can hold, in whatever zone it is said.
_Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
#: A name of ours; it is kept with events and written into logs.
_Word = Annotated[str, Field(max_length=200)]
#: PostgreSQL stores no U+0000; written out it is no JSON, and escaped an odd number of backslashes stands before it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
#: W3C Trace Context, version 00. Words of others would become a header of what we publish.
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore")

    specversion: str = Field(pattern=r"^1\.0$")
    id: UUID
    type: str
    subject: UUID
    time: _Moment
    instansi: str = Field(pattern=r"^[a-z0-9-]+$")
    sourceversion: Ordinal
    epoch: Ordinal
    recordedat: _Moment
    origin: _Word
    correlationid: _Word
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Generic[M]):
    """A message as a handler sees it. `stale`: older than the horizon, record it but do not act on it."""

    event_id: UUID
    instansi: str
    source: UUID
    epoch: int
    version: int
    occurred_at: datetime
    recorded_at: datetime
    origin: str
    correlation_id: str
    data: M
    stale: bool = False
    traceparent: str | None = None

    @property
    def order(self) -> tuple[int, int]:
        """Newer versions of a source compare greater."""
        return self.epoch, self.version


def encode(message: Message, at: Recorded, epoch: int) -> str:
    """The JSON document of the message about the fact `at`."""
    document = {
        "specversion": "1.0",
        "id": str(at.event_id),
        "source": f"/kinerja/{message.TYPE.split('.', 1)[0]}",
        "type": message.full_type(),
        "subject": str(at.stream),
        "time": at.occurred_at,
        "datacontenttype": "application/json",
        "instansi": at.instansi,
        "sourceversion": at.version,
        "epoch": epoch,
        "recordedat": at.recorded_at,
        "origin": at.meta.get("origin", "person"),
        "correlationid": at.meta.get("correlation_id", ""),
        "data": message.model_dump(mode="json"),
    }
    if at.meta.get("causation_id"):
        document["causationid"] = at.meta["causation_id"]
    return orjson.dumps(document).decode()


def decode(
    payload: bytes, subject: str, types: tuple[type[Message], ...], traceparent: str | None = None
) -> Received[Any]:
    """The message in `payload`; raises ContractBroken with a reason that names what is wrong."""
    if b"\\u0000" in payload and _NUL.search(payload):
        raise ContractBroken("no text of ours: it holds U+0000, which no database of ours can keep")
    try:
        envelope = _Envelope.model_validate(orjson.loads(payload))
    except orjson.JSONDecodeError as error:
        raise ContractBroken(f"no JSON: {error}") from error
    except ValidationError as error:
        raise ContractBroken(f"no CloudEvent of ours: {_first(error)}") from error
    cls = _by_type(types).get(envelope.type)
    if cls is None:
        raise ContractBroken(f"type {envelope.type[:200]} is none that this consumer reads")
    if subject != cls.subject(envelope.instansi):
        raise ContractBroken(f"subject {subject} belongs to another instansi or type than the message")
    try:
        data = cls.model_validate(envelope.data)
    except ValidationError as error:
        raise ContractBroken(f"data against the contract of {envelope.type}: {_first(error)}") from error
    return Received(
        event_id=envelope.id,
        instansi=envelope.instansi,
        source=envelope.subject,
        epoch=envelope.epoch,
        version=envelope.sourceversion,
        occurred_at=envelope.time,
        recorded_at=envelope.recordedat,
        origin=envelope.origin,
        correlation_id=envelope.correlationid,
        data=data,
        traceparent=traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None,
    )


@cache
def _by_type(types: tuple[type[Message], ...]) -> dict[str, type[Message]]:
    return {cls.full_type(): cls for cls in types}


def _first(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc']) or 'document'}: {problem['msg']}"
