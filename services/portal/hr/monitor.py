"""Pemantauan: how far the units are with a period, down to each person."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal import xlsx
from services.portal.hr.access import HrDep
from services.portal.hr.closing import waiting_by_superior
from services.portal.hr.roster import units_by_id
from services.portal.hr.standing import Standing, Tally, by_unit, parents, path_to, standings
from services.portal.team.periods import asked_period
from services.portal.texts import N_
from services.portal.verify.reading import whole
from services.portal.visit import Visit
from shared.calendar import Period
from shared.errors import NotFound

#: How a plan stands, in words.
PLANS = {
    "none": N_("Belum dimulai"),
    "proposed": N_("Diajukan"),
    "returned": N_("Dikembalikan"),
    "agreed": N_("Disepakati"),
}
_HEADING = (
    *(N_("NIP"), N_("Nama"), N_("Unit"), N_("Atasan")),
    *(N_("SKP"), N_("Catatan"), N_("Menunggu verifikasi"), N_("Rating")),
)


def add(router: APIRouter) -> None:
    """The monitor of a unit, and everybody in it as a file."""
    router.add_api_route("/pemantauan", show, methods=["GET"])
    router.add_api_route("/pemantauan/unduh", file, methods=["GET"])


async def show(visit: HrDep, unit: UUID | None = None, periode: str = "") -> Response:
    """The units right below one, and who is in it itself; the topmost without `unit`."""
    period, of = asked_period(visit, periode), str(unit) if unit else None
    people, above = await _standings(visit, period)
    if of is not None and of not in above:
        raise NotFound("Unit ini tidak ada. / There is no such unit.")
    tallies, here, everybody = by_unit(people, of, above)
    total = Tally()
    for person in everybody:
        total.add(person)
    async with visit.db.transaction(visit.instansi) as conn:
        waiting = [] if of else await waiting_by_superior(conn, visit.instansi, period)
    units = await units_by_id(visit)
    names = await visit.names({person.employee for person in here} | {str(who) for who, *_ in waiting if who})
    return visit.page(
        "hr/monitor.html",
        period=period,
        before=period.previous() if period.previous().last_day >= visit.rules.first_day else None,
        after=period.next() if period.next().first_day <= visit.rules.local_date(visit.now) else None,
        unit=of,
        units=units,
        path_of=path_to(of, above),
        rows=sorted(tallies.items(), key=lambda row: (units.get(row[0], {}).get("name", "~"), row[0])),
        here=sorted(here, key=lambda person: (names.get(person.employee, "~"), person.employee)),
        total=total,
        waiting=waiting,
        names=names,
        plans=PLANS,
        known="appraisal" not in visit.away,
    )


async def file(visit: HrDep, unit: UUID | None = None, periode: str = "") -> Response:
    """Everybody of the unit and of those below it."""
    period, of = asked_period(visit, periode), str(unit) if unit else None
    people, above = await _standings(visit, period)
    everybody = by_unit(people, of, above)[2]
    known = await whole(visit, "directory", "/employees")
    if known is None:
        return await show(visit, unit, periode)  # a file without names helps nobody; the page says who is away
    by_id, units = {each["id"]: each for each in known}, await units_by_id(visit)
    yes, no = visit.t("Sudah"), visit.t("Belum")

    def row(person: Standing) -> list[xlsx.Value]:
        found, superior = by_id.get(person.employee, {}), by_id.get(person.superior or "", {})
        return [
            *(found.get("nip"), found.get("name"), units.get(person.unit or "", {}).get("name"), superior.get("name")),
            visit.t(PLANS[person.plan]) if person.plan else "?",
            *(person.entries, person.waiting, "?" if person.rated is None else yes if person.rated else no),
        ]

    return await xlsx.download(f"pemantauan-{period}", [visit.t(each) for each in _HEADING], map(row, everybody))


async def _standings(visit: Visit, period: Period) -> tuple[list[Standing], dict[str, str | None]]:
    plans, reviews = await asyncio.gather(
        whole(visit, "appraisal", "/plans"), whole(visit, "appraisal", "/reviews", period=str(period))
    )
    year: list[Any] | None = None if plans is None else [each for each in plans if each["year"] == period.year]
    today = visit.rules.local_date(visit.now)
    async with visit.db.transaction(visit.instansi) as conn:
        people = await standings(conn, visit.instansi, period, today, year, reviews)
        return people, await parents(conn, visit.instansi)
