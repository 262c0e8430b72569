"""Pengembangan: what is to be learned and why, the plan, courses and learning hours (JP); of oneself, and of one's reports."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.development.reading import development_of
from services.portal.visit import Visit, VisitDep
from shared.errors import NotFound
from shared.people.queries import authorities

_NOTICES = {
    "choose": "courses-chosen",
    "approve": "development-approved",
    "return": "development-returned",
    "complete": "course-completed",
    "cancel": "course-cancelled",
    "confirm": "level-confirmed",
}
_FIELDS = ("do", "of", "on", "certificate", "reason", "competency", "level")


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/pengembangan", show, methods=["GET"])
    router.add_api_route("/pengembangan", act, methods=["POST"])
    router.add_api_route("/pengembangan/{person}", show_report, methods=["GET"])
    router.add_api_route("/pengembangan/{person}", act_on_report, methods=["POST"])


async def show(visit: VisitDep) -> Response:
    """One's own."""
    return await _page(visit, visit.me, {})


async def act(visit: VisitDep) -> Response:
    """Choose another course, report a completion or give a seat up; versions that were seen stand in the forms."""
    return await _acted(visit, visit.me, "pengembangan")


async def show_report(person: UUID, visit: VisitDep) -> Response:
    """That of somebody whom the visitor is the superior of. NotFound for anybody else."""
    await _demand_report(visit, person)
    return await _page(visit, person, {})


async def act_on_report(person: UUID, visit: VisitDep) -> Response:
    """Approve or return the plan, choose another course, confirm a level."""
    await _demand_report(visit, person)
    return await _acted(visit, person, f"pengembangan/{person}")


async def _acted(visit: Visit, person: UUID, page: str) -> Response:
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    try:
        await _send(visit, typed)
    except Unanswered as error:
        return await _page(visit, person, typed, error)
    return visit.back(page, _NOTICES[typed["do"]])


async def _send(visit: Visit, typed: Mapping[str, str]) -> None:
    of, seen = _id(typed.get("of", "")), int(typed["seen"]) if typed.get("seen", "").isdecimal() else 0
    plan, enrolment, reason = f"/development-plans/{of}", f"/enrolments/{of}", typed.get("reason", "")
    body: dict[str, Any] = {"reason": reason}
    match typed.get("do"):
        case "choose":
            chosen = [(name.removeprefix("course-"), id) for name, id in typed.items() if name.startswith("course-")]
            body = {"items": [{"need": need, "course": id} for need, id in chosen if id]}
            path = f"{plan}/choose"
        case "approve":
            body, path = {"reason": reason or None}, f"{plan}/approve"
        case "return":
            path = f"{plan}/return"
        case "complete":
            body, path = {"on": typed.get("on"), "certificate": typed.get("certificate")}, f"{enrolment}/complete"
        case "cancel":
            path = f"{enrolment}/cancel"
        case "confirm":
            level = int(typed["level"]) if typed.get("level", "").isdecimal() else None
            body |= {"competency": typed.get("competency"), "level": level}
            path = f"{enrolment}/confirm"
        case _:
            raise _gone()
    await visit.ask("POST", "training", path, body=body, seen=seen)


async def _page(visit: Visit, person: UUID, typed: Mapping[str, str], error: Unanswered | None = None) -> Response:
    found = await development_of(visit, person)
    mine = person == visit.me
    return visit.page(
        "development/page.html",
        error.status if error else 200,
        error=error,
        mine=mine,
        name=None if mine else (await visit.names({str(person)})).get(str(person)),
        found=found,
        today=visit.rules.local_date(visit.now),
        typed={**dict.fromkeys(_FIELDS, ""), **typed},
    )


async def _demand_report(visit: Visit, person: UUID) -> None:
    today = visit.rules.local_date(visit.now)
    async with visit.db.transaction(visit.instansi) as conn:
        rights = await authorities(conn, visit.instansi, {(person, today)}, today)
    if visit.me not in rights[person, today].verifiers:
        raise NotFound("Pegawai ini tidak melapor kepada Anda. / This employee does not report to you.")


def _id(written: str) -> UUID:
    """What stands in our own forms; NotFound for anything else."""
    try:
        return UUID(written)
    except ValueError:
        raise _gone() from None


def _gone() -> NotFound:
    return NotFound("Buka halamannya lagi. / Open the page again.")
