"""Who and what a file speaks of, known to the directory: found there, or registered as the mapping says."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cli.importing.job import Job
from cli.importing.mapping import Agency, Mapping, Registration
from cli.importing.people import Person, identify
from cli.importing.sender import Item, Sender, checked, problem_of
from cli.importing.table import Row
from cli.importing.values import ValueRefused, code


@dataclass(slots=True)
class Known:
    """What the directory knows of the file: ids of people and units. An id of None is to be made: this is a dry run."""

    zone: str
    people: dict[Person, str | None] = field(default_factory=dict)
    strangers: dict[Person, ValueRefused] = field(default_factory=dict)
    units: dict[str, str | None] = field(default_factory=dict)

    def person(self, person: Person) -> str | None:
        """The opaque id. ValueRefused: the directory does not know this person."""
        if person in self.strangers:
            raise self.strangers[person]
        return self.people[person]

    def unit(self, label: str) -> str | None:
        """The id of the unit that the export calls so. ValueRefused: there is none."""
        if code(label) not in self.units:
            raise ValueRefused("unit-unknown", "names a unit that the directory does not have: enter it first.")
        return self.units[code(label)]


def register(job: Job, mapping: Mapping) -> Known:
    """Find everybody and every unit of the file in the directory; register who and what is new."""
    people = _people(job.rows, mapping)
    agency = _agency(job, mapping)
    if agency is None:
        return _all_new(job, mapping, people)
    zone, first_day = agency
    known = Known(mapping.zone or zone)
    _units(job, mapping, known)
    found = identify(job.sender, people)
    known.people = {person: answer.id for person, answer in found.items() if answer.id is not None}
    for _ in known.people:
        job.tally.note("people", "unchanged")
    missing = [person for person in people if person not in known.people]
    if mapping.people.register_as is None:
        known.strangers = {person: ValueRefused(found[person].code, found[person].reason) for person in missing}
    else:
        _register_people(job, mapping, mapping.people.register_as, known, missing, first_day)
    return known


def _agency(job: Job, mapping: Mapping) -> tuple[str, date] | None:
    """Zone and first day of the instansi, which is registered when it is missing; None: it would be."""
    answer = job.sender.call("GET", "directory", "/instansi")
    if mapping.instansi is None or problem_of(answer).get("code") != "unknown-instansi":
        rules = checked(answer)["rules"]
        job.tally.note("instansi", "unchanged")
        return rules["zone"], date.fromisoformat(rules["first_day"])
    job.tally.note("instansi", "new")
    if job.dry_run:
        return None
    assert mapping.zone is not None, "a mapping with an instansi says its zone"
    _put(job.sender, mapping.instansi, mapping.zone)
    return mapping.zone, mapping.instansi.first_day


def _put(sender: Sender, agency: Agency, zone: str) -> None:
    system = Sender(sender.system, sender.instansi, sender.system.token(sender.instansi, ["system"]))
    body = {"name": agency.name, "zone": zone, "first_day": agency.first_day.isoformat()}
    checked(system.call("PUT", "directory", "/instansi", body))


def _all_new(job: Job, mapping: Mapping, people: Sequence[Person]) -> Known:
    assert mapping.zone is not None, "a mapping with an instansi says its zone"
    units = [unit["code"] for unit in _named_units(job.rows, mapping)]
    for kind, new in (("units", units), ("people", people)):
        for _ in new:
            job.tally.note(kind, "new")
    return Known(mapping.zone, dict.fromkeys(people), {}, dict.fromkeys(units))


def _people(rows: Iterable[Row], mapping: Mapping) -> list[Person]:
    columns = [column.person for column in mapping.people.columns]
    system = mapping.system if mapping.people.called_by == "id" else None
    return [Person(id, system) for id in dict.fromkeys(row[column] for row in rows for column in columns) if id]


def _named_units(rows: Iterable[Row], mapping: Mapping) -> list[dict[str, Any]]:
    """The units of the file below the top one, when the mapping lets us register them."""
    registration = mapping.people.register_as
    if registration is None:
        return []
    top = registration.top_unit
    columns = [column.unit for column in mapping.people.columns if column.unit]
    units: dict[str, dict[str, Any]] = {top.code: {"code": top.code, "name": top.name}}
    for label in dict.fromkeys(row[column] for row in rows for column in columns):
        if (unit := _code(label)) is not None:
            units.setdefault(unit, {"code": unit, "name": label, "parent": top.code})
    return list(units.values())


def _units(job: Job, mapping: Mapping, known: Known) -> None:
    known.units = {unit["code"]: unit["id"] for unit in job.sender.pages("directory", "/units")}
    missing = []
    for unit in _named_units(job.rows, mapping):
        if unit["code"] in known.units:
            job.tally.note("units", "unchanged")
        else:
            missing.append(Item((), unit))
    for answer in job.send("units", "directory", "/units/batch", missing) if missing else ():
        if answer.outcome != "refused":
            known.units[answer.item.body["code"]] = None if job.dry_run else answer.id


def _register_people(
    job: Job, mapping: Mapping, how: Registration, known: Known, people: Sequence[Person], first_day: date
) -> None:
    if job.dry_run:
        # The units they would be placed in may be missing too, so the directory is not asked.
        for person in people:
            job.tally.note("people", "new")
            known.people[person] = None
        return
    if not people:
        return
    position: dict[str, Any] = {"position_code": how.position.code}
    if not job.sender.get("directory", "/positions", code=how.position.code)["items"]:
        told = how.position
        position |= {"position_title": told.title, "position_kind": told.kind, "position_level": told.level}
    homes = _homes(job.rows, mapping)
    items = [
        Item(
            (),
            {
                **person.body(),
                **position,
                "name": person.id,
                "kind": how.kind,
                "unit_code": homes.get(person.id, how.top_unit.code),
                "valid_from": first_day.isoformat(),
            },
        )
        for person in people
    ]
    for person, answer in zip(people, job.send("people", "directory", "/roster/batch", items), strict=True):
        if answer.id is None:
            known.strangers[person] = ValueRefused(answer.code, answer.reason)
        else:
            known.people[person] = answer.id


def _homes(rows: Iterable[Row], mapping: Mapping) -> dict[str, str]:
    """By person the unit named most often in their rows; of equals the one that was named first."""
    named: dict[str, Counter[str]] = {}
    for row in rows:
        for column in mapping.people.columns:
            if column.unit and row[column.person] and (unit := _code(row[column.unit])) is not None:
                named.setdefault(row[column.person], Counter())[unit] += 1
    return {person: units.most_common(1)[0][0] for person, units in named.items()}


def _code(label: str) -> str | None:
    try:
        return code(label) if label else None
    except ValueRefused:
        return None
