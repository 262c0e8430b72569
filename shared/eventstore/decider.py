"""The vocabulary of a slice: a pure decider, its stored events, its row and its public message. No I/O here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID, uuid5

from shared.contracts.base import Message
from shared.errors import Refusal
from shared.eventstore.registry import Registry

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")

#: `person`: somebody did it here; `import`: taken over from another system; `reaction`: follows from a message.
Origin = Literal["person", "import", "reaction"]


@dataclass(frozen=True, slots=True)
class Decider(Generic[S, C, E]):
    """`decide(state, command)` gives the new events or raises a Refusal; `evolve(state, event)` never raises."""

    initial: S
    decide: Callable[[S, C], Sequence[E]]
    evolve: Callable[[S, E], S]


@dataclass(frozen=True, kw_only=True)
class Context:
    """Who acts, for which instansi, when, and what led to it. Kept with every event."""

    instansi: str
    actor: UUID | None
    role: str
    now: datetime
    correlation_id: str
    causation_id: str | None = None
    origin: Origin = "person"
    traceparent: str | None = None

    @cached_property
    def meta(self) -> Mapping[str, str]:
        """What is kept with a fact about who did it and what led to it."""
        kept = ("actor", "role", "origin", "correlation_id", "causation_id", "traceparent")
        return {name: str(value) for name in kept if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where and when a fact stands in the record: given to rows and public messages."""

    instansi: str
    stream: UUID
    version: int
    occurred_at: datetime
    recorded_at: datetime
    meta: Mapping[str, Any]

    @property
    def event_id(self) -> UUID:
        """The same for the same source and version, for ever."""
        return event_id(self.instansi, self.stream, self.version)


def event_id(instansi: str, source: UUID, version: int) -> UUID:
    """The id of version `version` of `source`, derived so that a repeat carries the same one.

    A source is only unique within its instansi: clients make ids, and the road drops what it takes for a repeat.
    """
    return uuid5(source, f"{instansi}:{version}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(Generic[S, C, E]):
    """One aggregate. `table` and `row` are its read model (None: it has none); `publish` its public message (None: silent).

    While an older version of a message is still told, `publish` gives one of each version.
    """

    name: str
    events: Registry
    decider: Decider[S, C, E]
    publish: Callable[[E, S, Recorded], Message | Sequence[Message] | None] | None = None
    table: type[Any] | None = None
    row: Callable[[S, Recorded], Mapping[str, Any]] | None = None

    def told(self, event: E, state: S, at: Recorded) -> Sequence[Message]:
        """The public messages about an event."""
        told = self.publish(event, state, at) if self.publish else None
        return (told,) if isinstance(told, Message) else told or ()


@dataclass(frozen=True, slots=True)
class Order(Generic[C]):
    """A command for one stream; `expected` is the version its sender saw (None: any), `at` when it happened (None: now).

    `context` says who acts where orders of several people go together (None: the context they are given with).
    """

    stream: UUID
    command: C
    expected: int | None = None
    at: datetime | None = None
    context: Context | None = None


@dataclass(slots=True)
class Outcome(Generic[S, E]):
    """What became of an Order: the state after it and its new events, or the refusal."""

    stream: UUID
    version: int
    state: S
    events: list[E] = field(default_factory=list)
    refusal: Refusal | None = None

    @property
    def changed(self) -> bool:
        """Whether a new fact was recorded."""
        return bool(self.events)

    def accepted(self) -> "Outcome[S, E]":
        """This outcome, or its refusal raised."""
        if self.refusal is not None:
            raise self.refusal
        return self
