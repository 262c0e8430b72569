"""What the load was told that it was accepted, and what must have become of it: computed here by hand, not by the system."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Literal

#: Of the national policy, which the offices of the load keep.
CAP, GAP_BELOW = 120, 70

Status = Literal["waiting", "returned", "verified", "lapsed"]


@dataclass(slots=True)
class Entry:
    """An entry as the last accepted command left it; each command is one version."""

    id: str
    employee: str
    quantity: Decimal
    status: Status = "waiting"
    version: int = 1


@dataclass(frozen=True, slots=True)
class Aim:
    """The one indicator of an officer."""

    indicator: str
    measure: Literal["quantity", "count"]
    direction: Literal["higher", "lower"]
    target: int


@dataclass(slots=True)
class Office:
    """One instansi: its people by id, their aims, and everything accepted for its period."""

    code: str
    period: str
    superior: str = ""
    hr: str = ""
    aims: dict[str, Aim] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    returned: Counter[str] = field(default_factory=Counter)
    sealed: bool = False
    closed: bool = False

    def seal(self) -> None:
        """What still waits lapses; returned entries stay as they are."""
        self.sealed = True
        for entry in self.entries.values():
            if entry.status == "waiting":
                entry.status, entry.version = "lapsed", entry.version + 1

    def percent(self, employee: str) -> Fraction | None:
        """The officer's score with two decimals, capped; None when nothing counts."""
        exact = self._achieved(employee)
        return None if exact is None else _half_up(min(exact, Fraction(CAP)) * 100) / 100

    def below(self) -> set[str]:
        """Officers whose closed score opens a gap: whole percents, rounded half up, below the threshold."""
        found = ((employee, self._achieved(employee)) for employee in self.aims)
        return {employee for employee, exact in found if exact is not None and _half_up(exact) < GAP_BELOW}

    def lapsed(self) -> set[str]:
        """Officers of whom something lapsed."""
        return {entry.employee for entry in self.entries.values() if entry.status == "lapsed"}

    def notices(self) -> Counter[tuple[str, str]]:
        """(person, template) of every notice owed, but those that depend on when a score was looked at."""
        owed = Counter({(employee, "entry.returned"): count for employee, count in self.returned.items()})
        if self.sealed:
            owed.update((employee, "entry.lapsed") for employee in self.lapsed())
            owed.update([(self.superior, "entry.lapsed.superior")] if self.lapsed() else [])
        if self.closed:
            owed.update((person, "review.closed.unrated") for person in (*self.aims, self.superior, self.hr))
            owed[self.hr, "period.closed"] += 1
            for employee in self.below():
                for template in ("gap.found.threshold", "development-plan.proposed"):
                    owed.update([(employee, template), (self.superior, f"{template}.superior")])
        return owed

    def _achieved(self, employee: str) -> Fraction | None:
        """Capaian IKI by PermenPANRB 8/2021 p. 99 and 110, in percent."""
        aim = self.aims[employee]
        verified = [e for e in self.entries.values() if e.employee == employee and e.status == "verified"]
        if not verified:
            return None
        done = Fraction(len(verified)) if aim.measure == "count" else sum(Fraction(e.quantity) for e in verified)
        share = Fraction(done) / aim.target * 100
        return share if aim.direction == "higher" else max(Fraction(0), 200 - share)


@dataclass(slots=True)
class Journal:
    """Every office, how many commands were accepted, and which answers were not acceptances, by status and code."""

    offices: list[Office] = field(default_factory=list)
    accepted: int = 0
    others: Counter[str] = field(default_factory=Counter)


def _half_up(number: Fraction) -> Fraction:
    return Fraction(floor(number + Fraction(1, 2)))
