"""CloudEvents 1.0 in structured mode: one JSON document a message."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, create_model

from shared.contracts.base import Message, Ordinal
from shared.eventstore.decider import Recorded

M = TypeVar("M", bound=Message)

CONTENT_TYPE = "application/cloudevents+json"


class ContractBroken(Exception):
    """A message that cannot be read: no JSON, no CloudEvent, an unknown type, or data against its contract."""


class OtherVersion(ContractBroken):
    """The durable asks for this type and the program does not read it: another version of the service declared it."""


#: What the database and Python's calendar can hold, in whatever zone it is said.
_Moment = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]
#: A name of ours; it is kept with events and written into logs.
_Word = Annotated[str, Field(max_length=200)]
#: PostgreSQL stores no U+0000; written out it is no JSON, and escaped an odd number of backslashes stands before it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
#: W3C Trace Context, version 00. Words of others would become a header of what we publish.
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class _Envelope(BaseModel):
    """What every message carries; `_readers` narrows `type` and `data` to those of one type."""

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
    data: Any


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


def encode(message: Message, at: Recorded, epoch: int, id: UUID | None = None) -> str:
    """The JSON document of the message about the fact `at`; `id` is that of the fact where it is at hand."""
    document = {
        "specversion": "1.0",
        "id": id or at.event_id,
        "source": f"/kinerja/{message.TYPE.split('.', 1)[0]}",
        "type": message.full_type(),
        "subject": at.stream,
        "time": at.occurred_at,
        "datacontenttype": "application/json",
        "instansi": at.instansi,
        "sourceversion": at.version,
        "epoch": epoch,
        "recordedat": at.recorded_at,
        "origin": at.meta.get("origin", "person"),
        "correlationid": at.meta.get("correlation_id", ""),
        "data": orjson.Fragment(message.model_dump_json()),
    }
    if at.meta.get("causation_id"):
        document["causationid"] = at.meta["causation_id"]
    if (end := message.DEPRECATION) is not None:  # the deprecation extension of CloudEvents
        begun, sunset = f"{end.since}T00:00:00Z", f"{end.sunset}T00:00:00Z"
        document |= {"deprecated": True, "deprecationfrom": begun, "deprecationsunset": sunset}
    return orjson.dumps(document, default=str).decode()


def decode(
    payload: bytes, subject: str, types: tuple[type[Message], ...], traceparent: str | None = None
) -> Received[Any]:
    """The message in `payload`; raises ContractBroken with a reason that names what is wrong."""
    if b"\\u0000" in payload and _NUL.search(payload):
        raise ContractBroken("no text of ours: it holds U+0000, which no database of ours can keep")
    reader = _readers(types).get(subject.split(".", 2)[-1])
    if reader is None:
        raise OtherVersion(f"subject {subject} is none that this consumer reads: another version of it does")
    try:
        envelope = reader(payload)
    except ValidationError as error:
        raise ContractBroken(_reason(error, subject, types)) from error
    if not subject.startswith(f"kinerja.{envelope.instansi}."):
        raise ContractBroken(_FOREIGN.format(subject))
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
        data=envelope.data,
        traceparent=traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None,
    )


@cache
def _readers(types: tuple[type[Message], ...]) -> dict[str, Callable[[bytes], Any]]:
    """What parses and checks a whole message in one pass, by the end of the subject it travels on."""
    found: dict[str, Callable[[bytes], Any]] = {}
    for cls in types:
        fields: dict[str, Any] = {"type": (Literal[cls.full_type()], ...), "data": (cls, ...)}
        model = create_model(f"{cls.__name__}Envelope", __base__=_Envelope, **fields)
        found[cls.subject("*").split(".", 2)[-1]] = model.__pydantic_validator__.validate_json
    return found


_FOREIGN = "subject {} belongs to another instansi or type than the message"


def _reason(error: ValidationError, subject: str, types: tuple[type[Message], ...]) -> str:
    """What is wrong with a message, by the first problem found."""
    problem = error.errors(include_url=False)[0]
    told, where = problem["msg"], [str(part) for part in problem["loc"]]
    if problem["type"] == "json_invalid":
        return f"no JSON: {told.removeprefix('Invalid JSON: ')}"
    if where == ["type"] and isinstance(problem["input"], str):
        told = problem["input"]
        if any(told == cls.full_type() for cls in types):
            return _FOREIGN.format(subject)
        return f"type {told[:200]} is none that this consumer reads"
    if where[:1] == ["data"] and len(where) > 1:
        kind = next(cls.full_type() for cls in types if subject.endswith(f".{cls.TYPE}.v{cls.VERSION}"))
        return f"data against the contract of {kind}: {'.'.join(where[1:])}: {told}"
    return f"no CloudEvent of ours: {'.'.join(where) or 'document'}: {told}"
