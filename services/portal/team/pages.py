"""Tim: everybody who reports to a superior at a glance, and what there is to decide about each."""

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.team import person
from services.portal.team.members import team_of
from services.portal.team.periods import asked_period
from services.portal.verify.reading import each, whole
from services.portal.visit import Visit, VisitDep
from shared.calendar import Period
from shared.people.sight import SEE_ALL


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/tim", show, methods=["GET"])
    person.add(router)


async def show(visit: VisitDep, periode: str = "") -> Response:
    """The team in a period, the current one unless `periode` names another."""
    period = asked_period(visit, periode)
    async with visit.db.transaction(visit.instansi) as conn:
        team = await team_of(conn, visit.rules, visit.me, period, visit.rules.local_date(visit.now))
    people = {str(member.employee) for member in team}
    names = await visit.names(people)
    reviews = await _reviews(visit, people, period)
    plans = await _plans(visit, people, period.first_day.year)
    return visit.page(
        "team/team.html",
        team=sorted(team, key=lambda member: (names.get(str(member.employee), "~"), member.employee)),
        names=names,
        reviews=reviews,
        plans=plans,
        period=period,
        before=period.previous() if period.previous().last_day >= visit.rules.first_day else None,
        after=period.next() if period.next().first_day <= visit.rules.local_date(visit.now) else None,
    )


async def _reviews(visit: Visit, people: Collection[str], period: Period) -> dict[str, Any] | None:
    """Score and rating by employee; None while appraisal is away."""
    found = await _of(visit, people, "/reviews", str(period), period=str(period))
    return None if found is None else {who: {"predicate": None} | item for who, item in found.items()}


async def _plans(visit: Visit, people: Collection[str], year: int) -> dict[str, Any] | None:
    """Plans (SKP) of a year by employee; None while appraisal is away."""
    return await _of(visit, people, "/plans", str(year))


async def _of(visit: Visit, people: Collection[str], path: str, which: str, **asked: str) -> dict[str, Any] | None:
    """What appraisal's list says of these people. Whoever sees the whole instansi asks for each of them, as the list
    would name everybody."""
    assert visit.signed is not None
    if visit.signed.roles & SEE_ALL:
        wanted = sorted(people)
        some = await each(lambda who: visit.part("appraisal", f"{path}/{who}/{which}"), wanted)
        found = {who: item | (item.get("rating") or {}) for who, item in zip(wanted, some, strict=True) if item}
    else:
        items = await whole(visit, "appraisal", path, **asked)
        of_year = [item for item in items or () if path == "/reviews" or str(item["year"]) == which]
        found = {item["employee"]: item for item in of_year}
    return None if "appraisal" in visit.away else found
