"""Hari ini: log what was done, and see what became of it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.texts import N_
from services.portal.visit import Visit, VisitDep
from shared.ids import fresh_id

_RECENT = timedelta(days=14)
_MOST_RECENT = 6
#: What can happen to an entry, in words.
STEPS = {
    "logged": N_("dicatat"),
    "amended": N_("diperbaiki"),
    "verified": N_("diverifikasi"),
    "returned": N_("dikembalikan"),
    "withdrawn": N_("ditarik"),
    "verification-withdrawn": N_("verifikasi ditarik"),
    "lapsed": N_("lewat batas waktu verifikasi"),
    "imported": N_("diambil dari sistem lain"),
}


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/hari-ini", show, methods=["GET"])
    router.add_api_route("/hari-ini", log, methods=["POST"])
    router.add_api_route("/catatan/{entry}", show_entry, methods=["GET"])


async def show(visit: VisitDep) -> Response:
    """The form, filled from an earlier entry where one was tapped, and what was logged lately."""
    again, typed = visit.request.query_params.get("lagi"), {}
    if again and (earlier := await visit.part("activity", f"/entries/{UUID(again)}")):
        typed = {key: str(earlier[key] or "") for key in ("indicator", "quantity", "minutes", "description")}
    return await _page(visit, {"id": str(fresh_id()), **typed})


async def show_entry(entry: UUID, visit: VisitDep) -> Response:
    """One entry with all that happened to it."""
    found = await visit.ask("GET", "activity", f"/entries/{entry}")
    people = {str(step["by"]) for step in found["history"] if step["by"]} | {found["employee"]}
    return visit.page("today/entry.html", entry=found, names=await visit.names(people), steps=STEPS)


async def log(visit: VisitDep) -> Response:
    """Log an entry under the id that the form was given: sent twice it is recorded once."""
    typed = {key: str(value).strip() for key, value in (await visit.form()).items()}
    body: dict[str, Any] = {key: typed.get(key) or None for key in ("day", "indicator", "minutes", "description")}
    if typed.get("minutes", "").isdecimal():
        body["minutes"] = int(typed["minutes"])
    body["quantity"] = typed.get("quantity", "").replace(",", ".") or "1"
    try:
        await visit.ask("PUT", "activity", f"/entries/{typed.get('id')}", body=body)
    except Unanswered as error:
        return await _page(visit, typed, error)
    return visit.back("hari-ini", "entry-logged")


async def _page(visit: Visit, typed: Mapping[str, str], error: Unanswered | None = None) -> Response:
    today = visit.rules.local_date(visit.now)
    since = {"from": str(today - _RECENT), "limit": 100}
    entries = await visit.part("activity", "/entries", **since)
    plan = await visit.part("appraisal", f"/plans/{visit.me}/{today.year}")
    indicators = [each for result in (plan or {}).get("agreed") or [] for each in result["indicators"]]
    titles = {each["id"]: each["title"] for each in indicators}
    items = entries["items"] if entries else []
    return visit.page(
        "today/page.html",
        error.status if error else 200,
        error=error,
        typed={"day": str(today), "quantity": "", "indicator": "", "minutes": "", "description": "", **typed},
        indicators=indicators,
        titles=titles,
        days=_by_day(items),
        recent=_recent(items),
        today=today,
    )


def _by_day(items: list[dict[str, Any]]) -> list[tuple[date, list[dict[str, Any]]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        days.setdefault(item["day"], []).append(item)
    return [(date.fromisoformat(day), rows) for day, rows in days.items()]


def _recent(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was done lately, each kind once, to be logged again with one tap."""
    kinds = {(item["indicator"], item["description"]): item for item in reversed(items) if item["description"]}
    return list(reversed(kinds.values()))[:_MOST_RECENT]
