"""Assignments as people enter them: persons by id, NIP or outside id, units and positions by code."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.directory.rules.assignments import plan_assignments, superior_unknown
from services.directory.rules.employees import EmployeeUnknown, person
from services.directory.rules.plan import Plan, Said
from services.directory.rules.positions import PositionUnknown
from services.directory.rules.records import Assignment, Known, People
from services.directory.rules.units import UnitUnknown
from shared.errors import Refusal


def plan_placings(known: Known, items: Mapping[int, Said]) -> Plan[Assignment]:
    """Items say `employee` (a mapping with `id`, `nip` or `outside`), `unit`, `position`, `valid_from`, and may say more."""
    people = People(known.employees.values())
    resolved: dict[int, Said] = {}
    refused: dict[int, Refusal] = {}
    for index, said in items.items():
        try:
            resolved[index] = {**said, **_references(known, people, said)}
        except Refusal as refusal:
            refused[index] = refusal
    plan = plan_assignments(known, resolved)
    plan.refused |= refused
    return plan


def _references(known: Known, people: People, said: Said) -> dict[str, Any]:
    employee = who(known, people, "employee", said["employee"])
    if employee is None:
        raise EmployeeUnknown(
            "Pegawai belum terdaftar. / The employee is not in the directory.",
            field="employee",
        )
    unit, position = known.unit_id(said["unit"]), known.position_id(said["position"])
    if unit not in known.units:
        raise UnitUnknown("Unit belum terdaftar. / The unit is not in the directory.", field="unit")
    if position not in known.positions:
        raise PositionUnknown("Jabatan belum terdaftar. / The position is not in the directory.", field="position")
    found = {"employee": employee, "unit": unit, "position": position}
    if said.get("superior") is not None:
        superior = who(known, people, "superior", said["superior"])
        if superior is None:
            raise superior_unknown()
        return {**found, "superior": superior}
    return found


def who(known: Known, people: People, field: str, named: Said) -> UUID | None:
    """The person `named` by `id`, `nip` or `outside`; None when there is nobody so called."""
    id: UUID | None = named.get("id")
    if id is not None:
        return id if id in known.employees else None
    return person(people, field, named.get("nip"), named.get("outside") or {})
