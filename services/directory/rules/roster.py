"""A roster: one row says a person, their unit, their position and their place in the reporting line at once."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.directory.rules.assignments import plan_assignments, superior_unknown
from services.directory.rules.employees import person, plan_employees, said_of_outside
from services.directory.rules.plan import Plan, Said, settle
from services.directory.rules.positions import plan_positions
from services.directory.rules.records import Employee, Known, People, Record
from services.directory.rules.units import plan_units
from shared.errors import Refusal

#: Columns of a row by the field that each rule knows them as.
_UNIT = {"code": "unit_code", "name": "unit_name", "parent": "unit_parent_code", "head_position": "unit_head"}
_POSITION = {
    "code": "position_code",
    "title": "position_title",
    "kind": "position_kind",
    "level": "position_level",
}
_EMPLOYEE = {name: name for name in ("nip", "name", "kind", "email", "phone")}
_ASSIGNMENT = {
    "kind": "assignment_kind",
    "valid_from": "valid_from",
    "valid_to": "valid_to",
}


class PostMissing(Refusal):
    """Everybody in the civil service has a unit, a position and a first day; only a NON_ASN superior has none."""

    code = "post-missing"
    status = 422


def plan_roster(
    known: Known, rows: Mapping[int, Said], new_ids: Mapping[int, UUID]
) -> tuple[dict[int, tuple[Record, ...]], dict[int, Refusal]]:
    """The records each row leads to, the person first, and who is refused; a refused row leaves no trace.

    A row whose superior (or unit above) is in a later batch is refused as `superior-unknown` (`parent-unknown`): send
    it again once the others are in.
    """
    return settle(rows, lambda live: _attempt(known, live, new_ids))


def _attempt(
    known: Known, rows: Mapping[int, Said], new_ids: Mapping[int, UUID]
) -> tuple[dict[int, tuple[Record, ...]], dict[int, Refusal]]:
    placed = {index: row for index, row in rows.items() if row.get("unit_code") or row.get("position_code")}
    incomplete = {index: missing for index, row in placed.items() if (missing := _missing(row))}
    placed = {index: row for index, row in placed.items() if index not in incomplete}
    positions = plan_positions(known, {index: _said(row, _POSITION) for index, row in placed.items()})
    existing = {*known.positions, *(position.id for position in positions.records.values())}
    units = plan_units(known, {index: _unit(row) for index, row in placed.items()}, existing)
    employees = plan_employees(
        known,
        {index: _said(row, _EMPLOYEE) | said_of_outside(row.get("outside") or {}) for index, row in rows.items()},
        new_ids,
    )
    superiors, unplaced = _superiors(known, rows, employees)
    lines, postless = _lines(superiors, rows, employees, units, positions)
    assignments = plan_assignments(known, lines)
    plans: tuple[Plan[Any], ...] = (employees, assignments, units, positions)
    records = {
        index: tuple(plan.records[index] for plan in plans if index in plan.records) for index in employees.records
    }
    refused: dict[int, Refusal] = {}
    for plan, columns in zip(plans, (_EMPLOYEE, _ASSIGNMENT, _UNIT, _POSITION), strict=True):
        refused |= {index: _named(refusal, columns, rows[index]) for index, refusal in plan.refused.items()}
    return records, refused | unplaced | postless | incomplete


def _superiors(
    known: Known, rows: Mapping[int, Said], employees: Plan[Employee]
) -> tuple[dict[int, Said], dict[int, Refusal]]:
    """What each row says of its superior, and the rows whose superior is nowhere, or waits for one who is."""
    people = People([*employees.records.values(), *known.employees.values()])
    said: dict[int, Said] = {}
    refused: dict[int, Refusal] = {}
    for index in employees.records:
        try:
            said[index] = superior_of(people, rows[index])
        except Refusal as refusal:
            refused[index] = refusal
    while True:
        present = known.employees.keys() | {employees.records[index].id for index in said}
        waiting = [index for index, one in said.items() if one.get("superior") not in present | {None}]
        if not waiting:
            return said, refused
        for index in waiting:
            del said[index]
            refused[index] = superior_unknown(_superior_column(rows[index]))


def _lines(
    superiors: Mapping[int, Said],
    rows: Mapping[int, Said],
    employees: Plan[Employee],
    units: Plan[Any],
    positions: Plan[Any],
) -> tuple[dict[int, Said], dict[int, Refusal]]:
    """What the rows say of assignments, and the rows that lack a post."""
    lines: dict[int, Said] = {}
    refused: dict[int, Refusal] = {}
    for index, superior in superiors.items():
        row, employee = rows[index], employees.records[index]
        if index in units.records and index in positions.records:
            lines[index] = {
                **_said(row, _ASSIGNMENT),
                **superior,
                "employee": employee.id,
                "unit": units.records[index].id,
                "position": positions.records[index].id,
            }
        elif not row.get("unit_code") and employee.kind != "NON_ASN":
            refused[index] = _post_missing("unit_code")
    return lines, refused


def superior_of(people: People, row: Said) -> dict[str, Any]:
    """The superior a row names by NIP or outside id, as `superior`; nothing when the row does not speak of one."""
    if "superior_nip" not in row and "superior_outside" not in row:
        return {}
    nip, outside = row.get("superior_nip"), row.get("superior_outside") or {}
    if not nip and not outside:
        return {"superior": None}
    field = _superior_column(row)
    found = person(people, field, nip, outside)
    if found is None:
        raise superior_unknown(field)
    return {"superior": found}


def _missing(row: Said) -> Refusal | None:
    for column in ("unit_code", "position_code", "valid_from"):
        if not row.get(column):
            return _post_missing(column)
    return None


def _post_missing(column: str) -> Refusal:
    return PostMissing(
        "Isi unit, jabatan, dan tanggal mulai. / Give unit, position and first day.",
        field=column,
    )


def _unit(row: Said) -> Said:
    said = _said(row, {name: column for name, column in _UNIT.items() if name != "head_position"})
    return {**said, "head_position": row["position_code"]} if row.get("unit_head") else said


def _said(row: Said, columns: Mapping[str, str]) -> dict[str, Any]:
    """What a row says in these columns; an empty cell says nothing."""
    return {name: row[column] for name, column in columns.items() if row.get(column) is not None}


def _superior_column(row: Said) -> str:
    return "superior_nip" if row.get("superior_nip") else "superior_outside"


def _named(refusal: Refusal, columns: Mapping[str, str], row: Said) -> Refusal:
    """The refusal, naming the column of the row instead of the rule's field."""
    field = str(refusal.facts.get("field", ""))
    refusal.facts["field"] = _superior_column(row) if field == "superior" else columns.get(field, field)
    return refusal
