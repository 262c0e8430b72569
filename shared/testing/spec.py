"""given/when/then for deciders: `given(DECIDER, *events).when(command).then(*events)` or `.refused(Error)`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

from shared.errors import Refusal
from shared.eventstore.decider import Decider

S = TypeVar("S")
C = TypeVar("C")
E = TypeVar("E")
R = TypeVar("R", bound=Refusal)


@dataclass(frozen=True, slots=True)
class When(Generic[S, C, E]):
    """A command against the state that the given events lead to."""

    decider: Decider[S, C, E]
    given: tuple[E, ...]
    command: C

    def then(self, *expected: E) -> S:
        """Exactly these events, the same when decided again; returns the state after them."""
        before = _fold(self.decider.evolve, self.decider.initial, self.given)
        decided = tuple(self.decider.decide(before, self.command))
        assert decided == expected
        assert tuple(self.decider.decide(before, self.command)) == decided, "the same command was decided differently"
        after = _fold(self.decider.evolve, before, decided)
        whole = _fold(self.decider.evolve, self.decider.initial, (*self.given, *decided))
        assert after == whole, "evolving the whole story again gives another state"
        return after

    def refused(self, error: type[R]) -> R:
        """Refused by exactly this rule; returns the refusal."""
        state = _fold(self.decider.evolve, self.decider.initial, self.given)
        try:
            decided: Sequence[E] = self.decider.decide(state, self.command)
        except Refusal as refusal:
            if type(refusal) is not error:
                raise AssertionError(f"{type(refusal).__name__}: {refusal.detail}") from refusal
            return refusal
        raise AssertionError(f"not refused: {decided}")


@dataclass(frozen=True, slots=True)
class Given(Generic[S, C, E]):
    """What happened before."""

    decider: Decider[S, C, E]
    events: tuple[E, ...]

    def when(self, command: C) -> When[S, C, E]:
        """Now this is asked for."""
        return When(self.decider, self.events, command)


def given(decider: Decider[S, C, E], *events: E) -> Given[S, C, E]:
    """Begin a specification with what happened before."""
    return Given(decider, events)


def _fold(evolve: Callable[[S, E], S], state: S, events: Iterable[E]) -> S:
    return reduce(evolve, events, state)
