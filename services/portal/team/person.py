"""One person of a team in one period: what was reached and why, and the superior's ratings and decisions on the plan."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.team.members import members
from services.portal.team.periods import asked_period
from services.portal.visit import Visit, VisitDep
from shared.calendar import Period
from shared.errors import NotFound
from shared.people.queries import authorities

#: What the page says after each of its decisions.
_NOTICES = {
    "rating": "rating-set",
    "confirm": "realisation-confirmed",
    "agree": "plan-agreed",
    "return": "plan-returned",
}


def add(router: APIRouter) -> None:
    """The page of a person, and what it sends."""
    router.add_api_route("/tim/{person}", show, methods=["GET"])
    router.add_api_route("/tim/{person}", decide, methods=["POST"])


async def show(person: UUID, visit: VisitDep, periode: str = "") -> Response:
    """What there is to know and to decide."""
    return await _page(visit, person, asked_period(visit, periode), {})


async def decide(person: UUID, visit: VisitDep, periode: str = "") -> Response:
    """Rate, confirm a realisation, agree or return a plan; versions that were seen stand in the forms."""
    period = asked_period(visit, periode)
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    try:
        await _send(visit, person, period, typed)
    except Unanswered as error:
        return await _page(visit, person, period, typed, error)
    return visit.back(f"tim/{person}", _NOTICES.get(typed.get("do", ""), ""), periode=str(period))


async def _send(visit: Visit, person: UUID, period: Period, typed: Mapping[str, str]) -> None:
    review, plan = f"/reviews/{person}/{period}", f"/plans/{person}/{period.first_day.year}"
    text = typed.get("text") or None
    match typed.get("do"):
        case "rating":
            body: dict[str, Any] = {"work_result": typed.get("work_result"), "behaviour": typed.get("behaviour")}
            await visit.ask(
                "POST", "appraisal", f"{review}/rating", body=body | {"text": text}, seen=_number(typed, "seen")
            )
        case "confirm":
            body = {"indicator": typed.get("indicator"), "value": typed.get("value")}
            await visit.ask("POST", "appraisal", f"{review}/realisation/confirm", body=body)
        case "agree":
            await visit.ask("POST", "appraisal", f"{plan}/agree", body={"revision": _number(typed, "revision")})
        case "return":
            body = {"revision": _number(typed, "revision"), "reason": text}
            await visit.ask("POST", "appraisal", f"{plan}/return", body=body)
        case _:
            raise NotFound("Buka halamannya lagi. / Open the page again.")


def _number(typed: Mapping[str, str], field: str) -> int:
    """A version of a hidden field; 0, which nothing has, for what our forms do not send."""
    written = typed.get(field, "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else 0


async def _page(
    visit: Visit, person: UUID, period: Period, typed: Mapping[str, str], error: Unanswered | None = None
) -> Response:
    today = visit.rules.local_date(visit.now)
    days = {min(period.last_day, today), today}
    async with visit.db.transaction(visit.instansi) as conn:
        rights = await authorities(conn, visit.instansi, {(person, day) for day in days}, today)
        if not any(visit.me in right.verifiers for right in rights.values()):
            raise NotFound("Pegawai ini tidak melapor kepada Anda. / This employee does not report to you.")
        [member] = await members(conn, visit.rules, [person], period, today)
    review = await visit.part("appraisal", f"/reviews/{person}/{period}")
    plan = await visit.part("appraisal", f"/plans/{person}/{period.first_day.year}")
    judged = {str(person)} | ({review["rating"]["rated_by"]} if review and review["rating"] else set())
    return visit.page(
        "team/person.html",
        error.status if error else 200,
        person=str(person),
        member=member,
        names=await visit.names(judged),
        review=review,
        plan=plan,
        period=period,
        typed={"do": "", "text": "", "work_result": "", "behaviour": "", "seen": "", **typed},
        error=error,
    )
