"""What every public message has in common.

A message carries the state of its subject *after* the fact, so that a consumer only ever needs the newest version of a subject.
Names, NIP, contacts and free text never appear here.
"""

from decimal import Decimal
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer

PREFIX = "id.go.kinerja"

#: A number that money or ratings hang on: Decimal in Python, a string on the wire.
Amount = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]

#: How a lost message is made again: from its stream's events, or from its row of published state.
Regenerator = Literal["stream", "row"]


class Message(BaseModel):
    """One type of public message; subclasses name it and list its fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    TYPE: ClassVar[str]
    VERSION: ClassVar[int] = 1
    REGENERATOR: ClassVar[Regenerator] = "stream"

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
