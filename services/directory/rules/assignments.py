"""Dated reporting lines: nobody is above themself, and nobody holds two definitive posts on one day."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.directory.rules.plan import Plan, Said, describe
from services.directory.rules.records import Assignment, Known, Unit
from services.directory.rules.units import check_open
from shared.errors import Refusal

DEFINITIF = "definitif"


class AssignmentTwice(Refusal):
    """Two items of a batch describe one assignment differently."""

    code = "assignment-twice"
    status = 422


class SuperiorUnknown(Refusal):
    """The superior is neither in the directory nor in the batch."""

    code = "superior-unknown"
    status = 422


class SuperiorSelf(Refusal):
    """Nobody is their own superior."""

    code = "superior-self"
    status = 422


class SuperiorCircular(Refusal):
    """On some day the chain of superiors leads back to where it began."""

    code = "superior-circular"
    status = 422


class PostsOverlap(Refusal):
    """A person holds one definitive post at a time."""

    code = "definitive-posts-overlap"
    status = 422


class EndsBeforeItBegins(Refusal):
    """The last day lies before the first."""

    code = "ends-before-it-begins"
    status = 422


def superior_unknown(field: str = "superior") -> SuperiorUnknown:
    """The refusal, naming `field`."""
    return SuperiorUnknown(
        "Atasan belum ada: masukkan atasannya dulu, lalu kirim baris ini lagi. / "
        "The superior is not known: enter the superior first, then send this again.",
        field=field,
    )


def plan_assignments(known: Known, items: Mapping[int, Said]) -> Plan[Assignment]:
    """Items say `employee`, `unit`, `position` (ids that exist) and `valid_from`; may say `superior`, `kind`, `valid_to`."""
    keys = {
        index: known.assignment_id(said["employee"], said["unit"], said["position"], said["valid_from"])
        for index, said in items.items()
    }
    plan = describe(items, keys, _twice, lambda id, said: _assignment(known.assignments.get(id), id, said))
    for index, a in list(plan.records.items()):
        try:
            check_in_time(known.units, a)
        except Refusal as closed:
            plan.refuse(index, closed)
    for index, refusal in misplaced(known.assignments, plan.records).items():
        plan.refuse(index, refusal)
    return plan


def check_in_time(units: Mapping[UUID, Unit], a: Assignment) -> None:
    """UnitClosed when the assignment lasts beyond its unit."""
    if not a.void and a.unit in units:
        check_open(units[a.unit], a.last_day)


def misplaced(known: Mapping[UUID, Assignment], wanted: Mapping[int, Assignment]) -> dict[int, Refusal]:
    """Which of the `wanted` assignments cannot stand beside one another and what is known, and why."""
    together = _Lines({**known, **{a.id: a for a in wanted.values()}}.values())
    first_said: dict[UUID, int] = {}
    for index, a in wanted.items():
        first_said.setdefault(a.id, index)
    refused: dict[int, Refusal] = {}
    for index, a in wanted.items():
        if a.void:
            continue
        if a.last_day < a.valid_from:
            refused[index] = EndsBeforeItBegins(
                "Tanggal akhir mendahului tanggal awal. / The last day lies before the first.", field="valid_to"
            )
        elif a.superior == a.employee:
            refused[index] = SuperiorSelf(
                "Atasan tidak boleh dirinya sendiri. / Nobody is their own superior.", field="superior"
            )
        elif together.circular(a):
            refused[index] = SuperiorCircular(
                "Rantai atasan kembali ke orang ini: perbaiki salah satu atasan. / "
                "The chain of superiors leads back to this person: correct one of the superiors.",
                field="superior",
            )
        elif any(first_said.get(other.id, -1) < first_said[a.id] for other in together.overlapping(a)):
            refused[index] = PostsOverlap(
                "Jabatan definitif bertumpang tindih: akhiri yang lama dulu. / "
                "Definitive posts overlap: end the earlier one first.",
                field="valid_from",
            )
    return refused


@dataclass(slots=True)
class _Lines:
    """Reporting lines that hold, by person."""

    held: dict[UUID, list[Assignment]]

    def __init__(self, assignments: Collection[Assignment]) -> None:
        self.held = defaultdict(list)
        for a in assignments:
            if not a.void:
                self.held[a.employee].append(a)

    def overlapping(self, a: Assignment) -> list[Assignment]:
        """The other definitive posts of the person on days of `a`, when that is one."""
        others = self.held.get(a.employee, ())
        return [o for o in others if a.kind == o.kind == DEFINITIF and o.id != a.id and o.meets(a)]

    def circular(self, a: Assignment) -> bool:
        """Whether on some day of `a` the chain of superiors leads from its superior back to its employee.

        Acting posts count too: two people who judge one another would be judged by nobody.
        """
        todo: list[tuple[UUID | None, date, date]] = [(a.superior, a.valid_from, a.last_day)]
        seen = set(todo)
        while todo:
            person, first, last = todo.pop()
            if person is None:
                continue
            if person == a.employee:
                return True
            for line in self.held.get(person, ()):
                step = line.superior, max(first, line.valid_from), min(last, line.last_day)
                if step[1] <= step[2] and step not in seen:
                    seen.add(step)
                    todo.append(step)
        return False


def _twice() -> Refusal:
    return AssignmentTwice(
        "Penugasan ini disebut lebih dari sekali dengan isi berbeda: samakan. / "
        "This assignment is described more than once and differently: make them agree.",
        field="valid_from",
    )


def _assignment(old: Assignment | None, id: UUID, said: Said) -> Assignment:
    def value(name: str, default: Any) -> Any:
        return said[name] if name in said else getattr(old, name, default)

    return Assignment(
        id=id,
        employee=said["employee"],
        unit=said["unit"],
        position=said["position"],
        superior=value("superior", None),
        kind=value("kind", DEFINITIF),
        valid_from=said["valid_from"],
        valid_to=value("valid_to", None),
        void=False,
        version=old.version if old else 0,
    )
