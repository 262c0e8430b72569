"""SKP: the plan that is agreed for a year, and one that was proposed, to be agreed or returned."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.texts import N_
from services.portal.visit import Visit, VisitDep
from shared.errors import NotFound

#: Where the realisation of an indicator comes from, in words.
MEASURES = {
    "quantity": N_("jumlah pada catatan Anda yang diverifikasi"),
    "count": N_("banyaknya catatan Anda yang diverifikasi"),
    "on_time_share": N_("bagian layanan Anda yang selesai tepat waktu"),
    "mean_duration": N_("rata-rata lama layanan Anda"),
    "satisfaction": N_("survei kepuasan masyarakat (IKM) unit Anda"),
    "manual": N_("Anda isi sendiri, lalu dikonfirmasi atasan"),
}


async def show(visit: VisitDep) -> Response:
    """The plan of this year."""
    return await _page(visit, visit.rules.local_date(visit.now).year)


async def show_year(year: int, visit: VisitDep) -> Response:
    """The plan of one year."""
    return await _page(visit, year)


async def decide(year: int, visit: VisitDep) -> Response:
    """Agree or return the proposal of the superior whose revision stands in the form."""
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    seen = typed.get("revision", "")
    body: dict[str, Any] = {"revision": int(seen) if seen.isascii() and seen.isdecimal() and len(seen) < 10 else 0}
    agrees = typed.get("do") == "agree"
    if not agrees:
        body["reason"] = typed.get("reason") or None
    try:
        await visit.ask("POST", "appraisal", f"/plans/{visit.me}/{year}/{'agree' if agrees else 'return'}", body=body)
    except Unanswered as error:
        return await _page(visit, year, typed, error)
    return visit.back(f"skp/{year}", "own-plan-agreed" if agrees else "own-plan-returned")


async def _page(
    visit: Visit, year: int, typed: Mapping[str, str] | None = None, error: Unanswered | None = None
) -> Response:
    if not 2000 <= year <= 2999:
        raise NotFound("Tahun ditulis seperti 2026. / A year is written as 2026.")
    plan = await visit.part("appraisal", f"/plans/{visit.me}/{year}")
    people = {plan["proposed_by"], plan["waits_for"]} - {None} if plan else set()
    return visit.page(
        "performance/skp.html",
        error.status if error else 200,
        year=year,
        this_year=visit.rules.local_date(visit.now).year,
        plan=plan,
        mine=plan is not None and plan["proposed_by"] == str(visit.me),
        changed=_changed(plan) if plan and plan["proposal"] else {},
        names=await visit.names(people),
        measures=MEASURES,
        typed={"reason": "", "revision": "", **(typed or {})},
        error=error,
    )


def _changed(plan: Mapping[str, Any]) -> dict[str, str]:
    """What a proposal does to each indicator beside the plan in force: "new", "changed", "gone", by their ids."""
    before = {each["id"]: each for result in plan["agreed"] or () for each in result["indicators"]}
    after = {each["id"]: each for result in plan["proposal"] for each in result["indicators"]}
    told = {id: "changed" if id in before else "new" for id, each in after.items() if before.get(id) != each}
    return (told | dict.fromkeys(before.keys() - after.keys(), "gone")) if before else {}
