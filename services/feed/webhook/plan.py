"""What becomes of an endpoint and its events after some tries. Pure: no clock, no database."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

#: Seconds to the next try after each that failed: a day in all.
WAITS = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800)
#: So many failures in a row say that the receiver is down: then nothing new is read for it until it takes something.
DOWN = 10
#: So many events that it does not take, although it takes others, are for people to look at.
MOST_WAITING = 1_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try: `delivered`, `http-<status>`, `timeout`, `unreachable` or `address-refused`.

    `wait`: seconds for which the receiver asks to be left alone.
    """

    word: str
    wait: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the receiver has it."""
        return self.word == "delivered"

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants nothing more, ever."""
        return self.word == "http-410"


@dataclass(frozen=True, slots=True)
class Item:
    """An event to deliver: for the first time (`tries` 0), or again. A `probe` comes before its time and counts for nothing."""

    id: UUID
    type: str
    body: bytes
    tries: int = 0
    first_at: datetime | None = None
    probe: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """How an endpoint does; `delivered` and `recovered` (from being down) are of these results alone."""

    failures: int
    last_delivered_at: datetime | None
    status: Literal["active", "paused", "disabled"] = "active"
    reason: str | None = None
    delivered: int = 0
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What is written about one event: `wait` seconds until it is tried again, None when that is over."""

    item: Item
    status: Literal["waiting", "delivered", "failed"]
    outcome: str
    tries: int
    wait: float | None


def settle(state: State, results: Sequence[tuple[Item, Outcome]], now: datetime) -> tuple[State, list[Step]]:
    """The state after these results, in the order they came, and what is written of each."""
    steps = []
    for item, outcome in results:
        if outcome.delivered:
            recovered = state.recovered or state.failures >= DOWN
            state = replace(
                state, failures=0, last_delivered_at=now, delivered=state.delivered + 1, recovered=recovered
            )
            steps.append(Step(item, "delivered", outcome.word, item.tries + 1, None))
            continue
        state = replace(state, failures=state.failures + 1)
        if outcome.gone:
            state = replace(state, status="disabled", reason="gone")
        step = _failed(item, outcome)
        if step.status == "failed" and _nothing_since(item, state.last_delivered_at):
            # A day in which it took nothing: it is paused, and nothing of what waits is given up.
            if state.status == "active":
                state = replace(state, status="paused", reason="failing")
            step = replace(step, status="waiting", tries=0, wait=0.0)
        steps.append(step)
    return state, steps


def _failed(item: Item, outcome: Outcome) -> Step:
    tries = item.tries if item.probe else item.tries + 1
    if tries > len(WAITS):
        return Step(item, "failed", outcome.word, tries, None)
    return Step(item, "waiting", outcome.word, tries, max(outcome.wait, WAITS[max(tries, 1) - 1]))


def _nothing_since(item: Item, last: datetime | None) -> bool:
    return last is None or item.first_at is None or last < item.first_at
