"""A figure, the limit it is held against, and rounds of both in turn."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

#: One round: how much was done in a second, or how long something took.
Round = Callable[[], Awaitable[float]]


class Untrue(Exception):
    """What the system keeps differs from what it accepted: no figure is worth anything then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a figure means. `reach` and `aim` are asked of its `judged` side; `better` says in which direction.

    The value is asked for, not the ratio, where the issue names milliseconds or megabytes.
    """

    name: str
    unit: str
    what: str
    against: str
    reach: float | None = None
    aim: float | None = None
    better: Literal["more", "less"] = "more"
    judged: Literal["ratio", "value"] = "ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured row: median, least and most of its rounds, and the median of the limit's rounds."""

    row: Row
    value: float
    limit: float
    ratio: float
    min: float
    max: float

    @property
    def verdict(self) -> str:
        """`aim`, `reach` or `missed`; empty for what is only reported."""
        row, had = self.row, getattr(self, self.row.judged)
        for name, asked in (("aim", row.aim), ("reach", row.reach)):
            if asked is not None and (had >= asked if row.better == "more" else had <= asked):
                return name
        return "" if row.reach is None else "missed"

    def as_json(self) -> dict[str, Any]:
        """What stands in bench.json under the row's name."""
        row = self.row
        told = {"value": self.value, "unit": row.unit, "limit": self.limit, "ratio": self.ratio}
        told |= {"min": self.min, "max": self.max}
        rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in told.items()}
        return rounded | {"reach": row.reach, "aim": row.aim, "judged": row.judged, "verdict": self.verdict}


def figure(row: Row, values: Sequence[float], limits: Sequence[float]) -> Figure:
    """The figure of rounds measured in turn: its ratio is the median of the pairs' ratios."""
    return Figure(
        row=row,
        value=median(values),
        limit=median(limits),
        ratio=median(value / limit for value, limit in zip(values, limits, strict=True)),
        min=min(values),
        max=max(values),
    )


async def in_turn(row: Row, ours: Round, limit: Round, rounds: int) -> Figure:
    """Limit and ours in turn, `rounds` times after one of each that warms up and does not count."""
    await limit()
    await ours()
    limits, values = [], []
    for _ in range(rounds):
        limits.append(await limit())
        values.append(await ours())
    return figure(row, values, limits)
