"""Who may judge a person's work of a date: from dated reporting lines, never from a token. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

DEFINITIF = "definitif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One dated placement; both days included, `valid_to` None = open."""

    id: UUID
    employee: UUID
    unit: UUID
    position: UUID
    superior: UUID | None
    kind: str
    valid_from: date
    valid_to: date | None

    def holds(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    @property
    def seat(self) -> tuple[UUID, UUID]:
        """The chair, whoever sits in it: unit and position."""
        return self.unit, self.position


@dataclass(frozen=True, slots=True)
class Authority:
    """Who may verify; `hr_may` is True (with a reason) only where nobody else can. `superior` is the one of that date."""

    verifiers: frozenset[UUID]
    hr_may: bool
    superior: UUID | None


def main_assignment(assignments: Collection[Assignment], employee: UUID, day: date) -> Assignment | None:
    """The placement that counts for `employee` on `day`: the definitive one, else the newest other."""
    held = [a for a in assignments if a.employee == employee and a.holds(day)]
    held.sort(key=lambda a: (a.kind == DEFINITIF, a.valid_from, a.id), reverse=True)
    return held[0] if held else None


def seat_of_superior(assignments: Collection[Assignment], superior: UUID, day: date, today: date) -> Assignment | None:
    """The placement of `superior` on `day`; of one who had left the service by then and is not back, the last before it."""
    mine = [a for a in assignments if a.employee == superior and a.valid_from <= day]
    here = any(a.employee == superior and a.holds(today) for a in assignments)
    then = main_assignment(mine, superior, day)
    if then is not None or here or not mine:
        return then
    return max(mine, key=lambda a: (a.valid_to or day, a.kind == DEFINITIF, a.id))


def authority(
    assignments: Collection[Assignment], employee: UUID, day: date, today: date, gone: Collection[UUID] = ()
) -> Authority:
    """Who may verify what `employee` did on `day`, asked `today`.

    The superior of that date while they still hold the seat they had, and whoever acts in it as Plt or Plh; when they
    left the seat, its successor; when the seat is empty and the employee was placed elsewhere since, as in a
    reorganisation, whoever may judge today's work; when there is nobody, hr. Never the person themself, nor anybody who
    is `gone`: no longer active, whatever their assignments say. `assignments` must hold those of the employee, of the
    superiors of that date and of today, and of everybody in these superiors' seats.
    """
    own, now = main_assignment(assignments, employee, day), main_assignment(assignments, employee, today)
    if own is None or own.superior is None:
        return Authority(frozenset(), True, None)
    seated = _judges(assignments, own.superior, day, today) - set(gone)
    able = seated - {employee}
    if not seated and now is not None and now.superior is not None and now != own:
        able = _judges(assignments, now.superior, today, today) - {employee, *gone}
    return Authority(frozenset(able), not able, own.superior)


def _judges(assignments: Collection[Assignment], superior: UUID, day: date, today: date) -> set[UUID]:
    then = seat_of_superior(assignments, superior, day, today)
    if then is None:
        still_here = any(a.employee == superior and a.holds(today) for a in assignments)
        known = any(a.employee == superior for a in assignments)
        return {superior} if still_here or not known else set()
    seated = [a for a in assignments if a.seat == then.seat and a.holds(today)]
    stays = any(a.employee == superior for a in seated)
    return {a.employee for a in seated if not stays or a.employee == superior or a.kind != DEFINITIF}
