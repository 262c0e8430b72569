"""What the directory knows, as values: rules compare what is known with what somebody says and give what shall be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A node of the unit tree; its head is whoever holds `head_position` in it. Closed after `last_day` (None: it stays)."""

    id: UUID
    code: str
    name: str
    parent: UUID | None
    head_position: UUID | None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position (jabatan); `requires` holds the competency levels 1-5 of its standard by competency code."""

    id: UUID
    code: str
    title: str
    kind: str
    level: str
    requires: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """A person. `outside` holds the person's id in other systems, by system."""

    id: UUID
    kind: str
    nip: str | None
    name: str
    email: str | None
    phone: str | None
    language: str
    active: bool
    outside: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Who works where under whom, both days included (`valid_to` None: open). `version` counts its recorded rows."""

    id: UUID
    employee: UUID
    unit: UUID
    position: UUID
    superior: UUID | None
    kind: str
    valid_from: date
    valid_to: date | None
    void: bool
    version: int = field(default=0, compare=False)

    @property
    def last_day(self) -> date:
        """The last day it holds; the end of time when it is open."""
        return self.valid_to or date.max

    def meets(self, other: "Assignment") -> bool:
        """Whether there is a day on which both hold."""
        return self.valid_from <= other.last_day and other.valid_from <= self.last_day


Record = Unit | Position | Employee | Assignment


def instansi_source(code: str) -> UUID:
    """The id of an instansi, from which the ids of its units, positions and assignments derive."""
    return uuid5(NAMESPACE_URL, f"kinerja:{code}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the directory holds of one instansi, as far as a question needs it: all units, and who and what is named."""

    instansi: str
    units: Mapping[UUID, Unit] = field(default_factory=dict)
    positions: Mapping[UUID, Position] = field(default_factory=dict)
    employees: Mapping[UUID, Employee] = field(default_factory=dict)
    assignments: Mapping[UUID, Assignment] = field(default_factory=dict)

    def unit_id(self, code: str) -> UUID:
        """The id of the unit with this code, whether it exists or not."""
        return uuid5(instansi_source(self.instansi), f"unit:{code}")

    def position_id(self, code: str) -> UUID:
        """The id of the position with this code, whether it exists or not."""
        return uuid5(instansi_source(self.instansi), f"position:{code}")

    def assignment_id(self, employee: UUID, unit: UUID, position: UUID, valid_from: date) -> UUID:
        """The id of the assignment with this business key, whether it exists or not."""
        return uuid5(instansi_source(self.instansi), f"assignment:{employee}:{unit}:{position}:{valid_from}")

    def before(self, record: Record) -> Record | None:
        """What is known of the thing that `record` describes."""
        match record:
            case Unit():
                return self.units.get(record.id)
            case Position():
                return self.positions.get(record.id)
            case Employee():
                return self.employees.get(record.id)
            case Assignment():
                return self.assignments.get(record.id)


class People:
    """Employees by what others call them: their NIP or their id in another system."""

    def __init__(self, employees: Iterable[Employee]) -> None:
        self._nips: dict[str, UUID] = {}
        self._outside: dict[tuple[str, str], UUID] = {}
        for employee in employees:
            self.add(employee.id, employee.nip, employee.outside)

    def add(self, id: UUID, nip: str | None, outside: Mapping[str, str]) -> None:
        """Know a person by this NIP and these outside ids too."""
        if nip:
            self._nips.setdefault(nip, id)
        for pair in outside.items():
            self._outside.setdefault(pair, id)

    def find(self, nip: str | None, outside: Mapping[str, str]) -> set[UUID]:
        """Everybody who is called one of these; more than one when the names belong to different people."""
        found = {self._nips.get(nip) if nip else None, *(self._outside.get(pair) for pair in outside.items())}
        return {id for id in found if id is not None}
