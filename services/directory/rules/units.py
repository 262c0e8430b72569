"""The unit tree: every parent exists, and no unit is above itself."""

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from services.directory.rules.plan import Plan, Said, describe
from services.directory.rules.records import Known, Unit
from shared.errors import Refusal


class UnitUnknown(Refusal):
    """There is no unit with this code."""

    code = "unit-unknown"
    status = 422


class UnitTwice(Refusal):
    """Two items of a batch describe one unit differently."""

    code = "unit-twice"
    status = 422


class ParentUnknown(Refusal):
    """The unit above is neither in the directory nor in the batch."""

    code = "parent-unknown"
    status = 422


class UnitCircular(Refusal):
    """A unit is above itself."""

    code = "unit-circular"
    status = 422


class UnitClosed(Refusal):
    """The unit is closed after its last day."""

    code = "unit-closed"
    status = 422


class UnitInUse(Refusal):
    """People work in the unit after the day on which it shall be closed, or units below it stay."""

    code = "unit-in-use"
    status = 409


class HeadPositionUnknown(Refusal):
    """The position of the unit's head is not in the directory."""

    code = "position-unknown"
    status = 422


def plan_units(known: Known, items: Mapping[int, Said], positions: Collection[UUID]) -> Plan[Unit]:
    """Items say `code` and may say `name`, `parent` and `head_position` (codes, None: none). `positions` exist."""
    keys: dict[int, str] = {index: said["code"] for index, said in items.items()}
    plan = describe(items, keys, _twice, lambda code, said: _unit(known, code, said), believe_first=True)
    tree = {**known.units, **{unit.id: unit for unit in plan.records.values()}}
    orphans = _orphans(known, plan.records.values())
    for index, unit in list(plan.records.items()):
        if unit.id in orphans:
            plan.refuse(
                index,
                ParentUnknown(
                    "Unit induk belum ada: masukkan unit induknya dulu. / The unit above is not known: enter it first.",
                    field="parent",
                ),
            )
        elif _above_itself(tree, unit):
            plan.refuse(
                index,
                UnitCircular(
                    "Unit ini menjadi induk dirinya sendiri: perbaiki unit induk. / "
                    "The unit would be above itself: correct the unit above.",
                    field="parent",
                ),
            )
        elif unit.head_position not in {None, *positions, *_held(known, unit)}:
            plan.refuse(
                index,
                HeadPositionUnknown(
                    "Jabatan kepala unit belum ada: masukkan jabatannya dulu. / "
                    "The head's position is not known: enter the position first.",
                    field="head_position",
                ),
            )
    return plan


def check_open(unit: Unit, day: date) -> None:
    """UnitClosed when the unit is closed by `day`."""
    if unit.last_day is not None and unit.last_day < day:
        raise UnitClosed(
            "Unit sudah ditutup: pakai unit penerusnya, atau akhiri penugasan paling lambat pada hari terakhirnya. / "
            "The unit is closed: use the one that follows it, or let the assignment end by its last day.",
            field="unit",
            unit=unit.code,
            last_day=unit.last_day.isoformat(),
        )


def _twice() -> Refusal:
    return UnitTwice(
        "Isi unit ini berbeda dari baris sebelumnya: samakan. / "
        "This describes the unit otherwise than an earlier item: make them agree.",
        field="code",
    )


def _unit(known: Known, code: str, said: Said) -> Unit:
    id = known.unit_id(code)
    old = known.units.get(id)
    name = said.get("name") or (old.name if old else None)
    if name is None:
        raise UnitUnknown(
            "Unit belum ada: beri nama untuk membuatnya. / The unit is not known: give its name to create it.",
            field="name",
        )
    parent, head = said.get("parent"), said.get("head_position")
    return Unit(
        id=id,
        code=code,
        name=name,
        parent=(known.unit_id(parent) if parent else None) if "parent" in said or not old else old.parent,
        head_position=(known.position_id(head) if head else None)
        if "head_position" in said or not old
        else old.head_position,
        last_day=old.last_day if old else None,
    )


def _orphans(known: Known, planned: Collection[Unit]) -> set[UUID]:
    """The units whose parent is nowhere, or is itself a new unit whose parent is nowhere."""
    existing = known.units.keys() | {unit.id for unit in planned}
    orphans: set[UUID] = set()
    while more := {u.id for u in planned if u.parent is not None and u.parent not in existing} - orphans:
        orphans |= more
        existing -= more - known.units.keys()
    return orphans


def _above_itself(tree: Mapping[UUID, Unit], unit: Unit) -> bool:
    seen, above = set(), unit.parent
    while above is not None and above in tree and above not in seen:
        if above == unit.id:
            return True
        seen.add(above)
        above = tree[above].parent
    return False


def _held(known: Known, unit: Unit) -> tuple[UUID | None, ...]:
    """The head position the unit has already, which exists."""
    old = known.units.get(unit.id)
    return (old.head_position,) if old else ()
