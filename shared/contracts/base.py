"""What every public message has in common.

A message carries the state of its subject *after* the fact, so that a consumer only ever needs the newest version of a subject.
Names, NIP, contacts and free text never appear here.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

PREFIX = "id.go.kinerja"

# The limits below are those of the columns that hold such values; nothing of ours ever came near them. A message beyond
# them is broken. They stand in no schema, which within a version may only gain what is optional.

#: A number that money or ratings hang on: Decimal in Python, a string on the wire. Of 60 digits at most: `1e999999999`
#: written out would not fit into memory.
Amount = Annotated[Decimal, Field(max_digits=60), PlainSerializer(lambda value: format(value, "f"), return_type=str)]

#: How many, how long or which level.
Count = Annotated[int, Field(ge=0, lt=2**31), WithJsonSchema({"type": "integer"})]

#: The how many-th of its kind, from 1 on.
Ordinal = Annotated[int, Field(ge=1, lt=2**31), WithJsonSchema({"type": "integer", "minimum": 1})]

#: The short name of a thing, fit for an index; never free text.
Code = Annotated[str, Field(max_length=500), WithJsonSchema({"type": "string"})]

#: A month or quarter of 1900 to 2999, such as 2026-03 or 2026-Q1.
PeriodCode = Annotated[
    str, Field(pattern=r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2]|Q[1-4])$"), WithJsonSchema({"type": "string"})
]

#: How a lost message is made again: from its stream's events, or from its row of published state.
Regenerator = Literal["stream", "row"]


class Deprecation(NamedTuple):
    """A message whose end is announced: told as before until `sunset`, which may be put off and never moved nearer."""

    since: date
    sunset: date


class Message(BaseModel):
    """One type of public message; subclasses name it and list its fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    REGENERATOR: ClassVar[Regenerator] = "stream"
    DEPRECATION: ClassVar[Deprecation | None] = None

    @classmethod
    def full_type(cls) -> str:
        """The CloudEvents type, such as `id.go.kinerja.activity.entry.verified.v1`."""
        return f"{PREFIX}.{cls.TYPE}.v{cls.VERSION}"

    @classmethod
    def subject(cls, instansi: str) -> str:
        """The NATS subject on which messages of this type for `instansi` travel (`*` for all)."""
        return f"kinerja.{instansi}.{cls.TYPE}.v{cls.VERSION}"

    @classmethod
    def stream(cls) -> str:
        """The JetStream stream of the service that owns this type."""
        return cls.TYPE.split(".", 1)[0].upper()

    @classmethod
    def every(cls) -> list[type[Self]]:
        """All concrete message types below this class."""
        found = [cls] if "TYPE" in cls.__dict__ else []
        for child in cls.__subclasses__():
            found.extend(child.every())
        return found


class Renewed(Message):
    """The service's record was restored to an earlier point and has been told anew; whatever it said of this instansi in
    an older epoch, and did not say again, is void."""

    REGENERATOR = "row"

    epoch: Ordinal = Field(description="what came with an older one is void")
