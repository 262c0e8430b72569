"""A small aggregate on which the store is tested: a counter that may not pass ten."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from uuid import UUID

from sqlmodel import Field, SQLModel

from shared.contracts.base import Message
from shared.errors import Refusal
from shared.eventstore.decider import Decider, Recorded, Slice
from shared.eventstore.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    amount: int


@dataclass(frozen=True, slots=True)
class Add:
    amount: int


@dataclass(frozen=True, slots=True)
class State:
    total: int = 0


class TooMuch(Refusal):
    """A counter ends at ten."""

    code = "too-much"
    status = 409


class Counted(Message):
    """The total of a counter."""

    TYPE = "bare.counter.counted"
    REGENERATOR: ClassVar[Literal["stream", "row"]] = "stream"

    total: int


class CounterRow(SQLModel, table=True):
    """A counter as people read it."""

    __tablename__ = "counter"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    version: int
    total: int


CREATE_ROW = """
CREATE TABLE counter (instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, total integer NOT NULL,
PRIMARY KEY (instansi, id))
"""


def decide(state: State, command: Add) -> Sequence[Added]:
    if state.total + command.amount > 10:
        raise TooMuch("at most ten")
    return [Added(amount=command.amount)] if command.amount else []


def evolve(state: State, event: Added) -> State:
    return State(state.total + event.amount)


def publish(event: Added, state: State, at: Recorded) -> Message:
    return Counted(total=state.total)


def row(state: State, at: Recorded) -> dict[str, Any]:
    return {"instansi": at.instansi, "id": at.stream, "version": at.version, "total": state.total}


COUNTER: Slice[State, Add, Added] = Slice(
    name="counter",
    events=Registry({"counter.added": (1, Added)}),
    decider=Decider(State(), decide, evolve),
    publish=publish,
    table=CounterRow,
    row=row,
)
