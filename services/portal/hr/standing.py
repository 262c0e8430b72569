"""How far each person of the instansi is with a period: plan, entries, rating. Counted per unit with those below it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.calendar import Period
from shared.eventstore.rows import fetch
from shared.people.authority import main_assignment
from shared.people.queries import assigned, placements

Plan = Literal["none", "proposed", "returned", "agreed"]

_ENTRIES = """
SELECT employee, count(*), count(*) FILTER (WHERE status = 'waiting') FROM heard_entry
WHERE instansi = $1 AND day BETWEEN $2 AND $3 AND status <> 'withdrawn' GROUP BY employee
"""
_UNITS = "SELECT id, parent FROM heard_unit WHERE instansi = $1"


@dataclass(frozen=True, slots=True)
class Standing:
    """One person: `plan` and `rated` are None while appraisal is away."""

    employee: str
    unit: str | None
    superior: str | None
    plan: Plan | None
    entries: int
    waiting: int
    rated: bool | None


@dataclass(slots=True)
class Tally:
    """What the standings of some people add up to; `silent` have no entry at all."""

    people: int = 0
    none: int = 0
    proposed: int = 0
    agreed: int = 0
    entries: int = 0
    silent: int = 0
    waiting: int = 0
    rated: int = 0

    def add(self, of: Standing) -> None:
        """Count one more person; a plan that was returned is one that is being proposed."""
        self.people += 1
        self.none += of.plan == "none"
        self.proposed += of.plan in ("proposed", "returned")
        self.agreed += of.plan == "agreed"
        self.entries += of.entries
        self.silent += of.entries == 0
        self.waiting += of.waiting
        self.rated += of.rated is True


async def standings(
    conn: AsyncConnection,
    instansi: str,
    period: Period,
    today: date,
    plans: Iterable[Mapping[str, Any]] | None,
    reviews: Iterable[Mapping[str, Any]] | None,
) -> list[Standing]:
    """Everybody with a post in the period; `plans` are those of its year."""
    people = await assigned(conn, instansi, period.first_day, period.last_day)
    logged = {row[0]: row for row in await fetch(conn, _ENTRIES, instansi, period.first_day, period.last_day)}
    own = defaultdict(list)
    for placed in await placements(conn, instansi, people):
        own[placed.employee].append(placed)
    planned = {each["employee"]: each for each in plans or ()}
    rated = {each["employee"] for each in reviews or () if each["predicate"]}
    found = []
    for employee in people:
        at = _place(own[employee], employee, period, today)
        who, (_, entries, waiting) = str(employee), logged.get(employee, (employee, 0, 0))
        plan = None if plans is None else _plan(planned.get(who))
        above = str(at.superior) if at and at.superior else None
        unit = str(at.unit) if at else None
        found.append(Standing(who, unit, above, plan, entries, waiting, None if reviews is None else who in rated))
    return found


def _place(own: list[Any], employee: UUID, period: Period, today: date) -> Any:
    """The placement at the end of the period, today in one that runs; of who left before that the last one in it."""
    end = min(period.last_day, today)
    then = main_assignment(own, employee, end)
    return then or max((a for a in own if a.valid_from <= period.last_day), key=lambda a: a.valid_from, default=None)


def _plan(plan: Mapping[str, Any] | None) -> Plan:
    """How a plan stands: one that was agreed stays in force while another revision is proposed."""
    if plan is None:
        return "none"
    status: Plan = "agreed" if plan["agreed_revision"] is not None else plan["status"]
    return status


async def parents(conn: AsyncConnection, instansi: str) -> dict[str, str | None]:
    """The unit above each unit."""
    return {str(id): str(above) if above else None for id, above in await fetch(conn, _UNITS, instansi)}


def path_to(unit: str | None, above: Mapping[str, str | None]) -> list[str]:
    """The units from the top down to this one, itself included."""
    found: list[str] = []
    while unit is not None and unit not in found:
        found.insert(0, unit)
        unit = above.get(unit)
    return found


def by_unit(
    people: Iterable[Standing], unit: str | None, above: Mapping[str, str | None]
) -> tuple[dict[str, Tally], list[Standing], list[Standing]]:
    """The units right below `unit` (None: the topmost) with all that is below them, who is right in it, and everybody."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    here, everybody = [], []
    for person in people:
        path = path_to(person.unit, above)
        if unit is not None and unit not in path:
            continue
        everybody.append(person)
        rest = path[path.index(unit) + 1 :] if unit is not None else path
        if rest:
            tallies[rest[0]].add(person)
        else:
            here.append(person)
    return tallies, here, everybody
