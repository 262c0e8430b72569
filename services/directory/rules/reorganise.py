"""People of some units go to another from a day on: old placements end the day before, who judges whom follows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from services.directory.rules.assignments import DEFINITIF
from services.directory.rules.records import Assignment, Known, Unit
from shared.errors import Refusal


class HeadDisplaced(Refusal):
    """Who headed one of the units no longer does, and the step does not say what they do instead."""

    code = "head-displaced"
    status = 422


class HeadUnplaced(Refusal):
    """Who shall head the unit does not hold its head position on the day."""

    code = "head-unplaced"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From `day` on the people of `units` (only `people`, where said) work in `into`, led by `head`.

    `superior` is whom the head reports to; without a head, whom those report to whose superior does not go with them.
    `posts` says the position of who does not keep theirs. Everything below `units` and `into` is `below`.
    """

    day: date
    units: frozenset[UUID]
    into: Unit
    below: frozenset[UUID]
    people: frozenset[UUID] | None = None
    head: UUID | None = None
    superior: UUID | None = None
    posts: Mapping[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Change:
    """A placement that ends, and the one that follows it from the day on (None: an acting post that is not kept)."""

    before: Assignment
    ended: Assignment | None
    after: Assignment | None

    @property
    def records(self) -> list[Assignment]:
        """What is to be recorded."""
        return [a for a in (self.ended, self.after) if a is not None]


def reorganise(known: Known, step: Step) -> list[Change]:
    """What changes, the new head first, then whom they replace: any beginning of it can stand. Empty when all is done."""
    plan, changes = _Plan(known, step), []
    for a in sorted(plan.lasting, key=lambda a: (a.employee != step.head, a.employee not in plan.replaced, a.employee)):
        if (a.employee in plan.going and a.unit in step.units) or (a.unit == step.into.id and plan.heads(a.employee)):
            changes.append(plan.gone(a))
        elif a.superior in plan.replaced and a.unit in step.below and step.people is None:
            changes.append(_moved(known, step.day, a, a.unit, a.position, step.head))
    found = [change for change in changes if change is not None]
    plan.check_head([record for change in found for record in change.records])
    return found


class _Plan:
    """Who goes, and whom the new head replaces."""

    def __init__(self, known: Known, step: Step) -> None:
        self.known, self.step = known, step
        self.lasting = [a for a in known.assignments.values() if not a.void and a.last_day >= step.day]
        until_then = [a for a in known.assignments.values() if not a.void and a.last_day >= step.day - timedelta(1)]
        here = {a.employee for a in until_then if a.unit in step.units or a.unit == step.into.id}
        self.going = here if step.people is None else here & step.people
        headed = {step.into.id} | (step.units if step.people is None else frozenset())
        leaving = {
            a.employee for a in until_then if a.unit in step.units and a.employee in self.going and self.leads(a)
        }
        heading = {a.employee for a in until_then if a.unit in headed and self.leads(a)}
        self.replaced = (leaving | heading) - {step.head} if step.head else set()

    def heads(self, employee: UUID) -> bool:
        """Whether it is the new head, or somebody whom they replace."""
        return employee == self.step.head or employee in self.replaced

    def leads(self, a: Assignment) -> bool:
        """Whether it is the seat of its unit's head."""
        unit = self.step.into if a.unit == self.step.into.id else self.known.units.get(a.unit)
        return unit is not None and a.position == unit.head_position

    def gone(self, a: Assignment) -> Change | None:
        """A placement in one of the units, from the day on in the other."""
        step, position = self.step, self.step.posts.get(a.employee, a.position)
        if a.employee == step.head and a.kind == DEFINITIF and step.into.head_position is not None:
            position = step.into.head_position
        if a.employee in self.replaced and self.leads(a) and position in (a.position, step.into.head_position):
            if a.kind == DEFINITIF:
                raise HeadDisplaced(
                    "Kepala unit lama belum diberi jabatan baru: sebutkan di posts. / "
                    "A head of before has no new position: name it in posts.",
                    field="posts",
                    employee=str(a.employee),
                )
            return Change(a, _ended(a, step.day), None)
        return _moved(self.known, step.day, a, step.into.id, position, self._superior(a))

    def _superior(self, a: Assignment) -> UUID | None:
        step = self.step
        if step.head is None:
            return step.superior if step.superior and a.superior not in self.going else a.superior
        if a.employee == step.head:
            return step.superior or self._above(a.superior)
        return step.head if a.employee in self.replaced or a.superior in self.replaced else a.superior

    def _above(self, superior: UUID | None) -> UUID | None:
        """The nearest superior who is not replaced."""
        seen: set[UUID] = set()
        while superior is not None and superior in self.replaced | {self.step.head} and superior not in seen:
            seen.add(superior)
            held = [a for a in self.known.assignments.values() if a.employee == superior and not a.void]
            held = [a for a in held if a.kind == DEFINITIF and a.valid_from < self.step.day]
            superior = max(held, key=lambda a: a.valid_from).superior if held else None
        return None if superior in seen else superior

    def check_head(self, changed: Iterable[Assignment]) -> None:
        """The head holds the seat from the day on; HeadUnplaced."""
        head, into = self.step.head, self.step.into
        held = {a.id: a for a in [*self.lasting, *changed]}.values()
        if head is not None and not any(
            a.employee == head and a.unit == into.id and self.leads(a) and not a.void and a.valid_from <= self.step.day
            for a in held
        ):
            raise HeadUnplaced(
                "Kepala baru tidak menduduki jabatan kepala unit tujuan pada hari itu: daftarkan penugasannya dulu. / "
                "The head does not hold the head position of the unit on that day: enter that assignment first.",
                field="head",
            )


def _ended(a: Assignment, day: date) -> Assignment:
    return replace(a, void=True) if a.valid_from >= day else replace(a, valid_to=day - timedelta(1))


def _moved(known: Known, day: date, a: Assignment, unit: UUID, position: UUID, superior: UUID | None) -> Change | None:
    if (unit, position, superior) == (a.unit, a.position, a.superior):
        return None
    if a.valid_from >= day and (unit, position) == (a.unit, a.position):
        return Change(a, None, replace(a, superior=superior))
    start = max(day, a.valid_from)
    id = known.assignment_id(a.employee, unit, position, start)
    before = known.assignments.get(id)
    new = replace(a, id=id, unit=unit, position=position, superior=superior, valid_from=start)
    return Change(a, _ended(a, day), replace(new, version=before.version if before else 0))
