"""One SKP that waits for an answer: agree to what the other side proposed, or send it back with a reason."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.visit import Visit, VisitDep
from shared.errors import NotFound


async def show_plan(employee: UUID, year: int, visit: VisitDep) -> Response:
    """What is proposed beside what is in force; what was seen stands in the form."""
    return await _page(visit, employee, year, {})


async def decide_plan(employee: UUID, year: int, visit: VisitDep) -> Response:
    """Agree, or return with what is to be changed."""
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    seen = typed.get("seen", "")
    body: dict[str, Any] = {"revision": int(seen) if seen.isdecimal() else 0}
    do = typed.get("do")
    if do not in ("agree", "return"):
        raise NotFound("Buka halamannya lagi. / Open the page again.")
    if do == "return":
        body["reason"] = typed.get("text", "")
    try:
        await visit.ask("POST", "appraisal", f"/plans/{employee}/{year}/{do}", body=body)
    except Unanswered as error:
        return await _page(visit, employee, year, typed, error)
    return visit.back("kotak-masuk", "plan-agreed" if do == "agree" else "plan-sent-back")


async def _page(
    visit: Visit, employee: UUID, year: int, typed: Mapping[str, str], error: Unanswered | None = None
) -> Response:
    plan = await visit.part("appraisal", f"/plans/{employee}/{year}")
    if plan is None and not visit.away:
        raise NotFound("Belum ada SKP untuk tahun ini. / There is no plan for this year yet.")
    mine = employee == visit.me
    return visit.page(
        "inbox/plan.html",
        error.status if error else 200,
        error=error,
        plan=plan,
        year=year,
        mine=mine,
        # A proposal of the employee's waits for the superior, any other for the employee.
        waits=plan is not None and plan["status"] == "proposed" and (plan["proposed_by"] == str(employee)) is not mine,
        name=None if mine else (await visit.names({str(employee)})).get(str(employee)),
        typed={"text": "", **typed},
    )
