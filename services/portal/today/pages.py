"""Hari ini: log what was done, and see what became of it."""

import asyncio
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.portal.backend import Unanswered
from services.portal.today.entry import change_entry, show_entry
from services.portal.today.form import FIELDS, content, entry_id, filled, indicators, punctual_since, written
from services.portal.today.pins import change_pins, pinned
from services.portal.verify.reading import histories
from services.portal.visit import Visit, VisitDep
from shared.ids import fresh_id

_RECENT = timedelta(days=14)
_MOST_RECENT = 6
_MOST_RETURNED = 10
#: How long entries that nobody decided about are told.
_LAPSED = timedelta(days=92)
_AGAIN = ("indicator", "quantity", "minutes", "description", "activity")


def add(router: APIRouter) -> None:
    """The pages of this folder."""
    router.add_api_route("/hari-ini", show, methods=["GET"])
    router.add_api_route("/hari-ini", log, methods=["POST"])
    router.add_api_route("/hari-ini/sematan", change_pins, methods=["POST"])
    router.add_api_route("/catatan/{entry}", show_entry, methods=["GET"])
    router.add_api_route("/catatan/{entry}", change_entry, methods=["POST"])


async def show(visit: VisitDep, lagi: UUID | None = None) -> Response:
    """The form, filled from an earlier entry where one was tapped, and what was logged lately."""
    typed = {}
    if lagi and (earlier := await visit.part("activity", f"/entries/{lagi}")):
        before = filled(earlier, visit)
        typed = {name: before[name] for name in _AGAIN}
    return await _page(visit, {"id": str(fresh_id()), **typed})


async def log(visit: VisitDep) -> Response:
    """Log an entry under the id that the form was given: sent twice it is recorded once."""
    typed = await written(visit)
    try:
        await visit.ask("PUT", "activity", f"/entries/{entry_id(typed)}", body=content(typed, visit.language))
    except Unanswered as error:
        return await _page(visit, typed, error)
    return visit.back("hari-ini", "entry-logged")


async def _page(visit: Visit, typed: Mapping[str, str], error: Unanswered | None = None) -> Response:
    today = visit.rules.local_date(visit.now)
    # Named, because hr and auditors are told of everybody otherwise.
    mine = {"employee": str(visit.me)}
    lately, returned, lapsed, known, pins = await asyncio.gather(
        visit.part("activity", "/entries", **mine, **{"from": str(today - _RECENT), "limit": 100}),
        visit.part("activity", "/entries", **mine, status="returned", limit=_MOST_RETURNED),
        visit.part("activity", "/entries", **mine, **{"status": "lapsed", "from": str(today - _LAPSED), "limit": 10}),
        indicators(visit, today.year),
        pinned(visit),
    )
    back = await _with_reasons(visit, returned["items"]) if returned else []
    people = {step["by"] for _, step in back if step} | {
        item["lapsed_by"] for item in (lapsed or {"items": ()})["items"]
    }
    items = lately["items"] if lately else []
    return visit.page(
        "today/page.html",
        error.status if error else 200,
        error=error,
        typed={**dict.fromkeys(FIELDS, ""), "id": "", "day": str(today), **typed},
        indicators=known,
        titles={each["id"]: each["title"] for each in known},
        days=_by_day(items),
        pins=pins,
        recent=_recent(items, pins),
        returned=back,
        more_returned=bool(returned and returned["next"]),
        lapsed=lapsed["items"] if lapsed else [],
        names=await visit.names(people - {None}),
        today=today,
        since=punctual_since(visit.rules, today),
    )


async def _with_reasons(
    visit: Visit, items: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, Any] | None]]:
    """Returned entries, each with the step by which it was returned; None where it cannot be read now."""
    told = await histories(visit, [item["id"] for item in items])
    last = {id: [step for step in entry["history"] if step["what"] == "returned"][-1:] for id, entry in told.items()}
    return [(item, next(iter(last.get(item["id"], ())), None)) for item in items]


def _by_day(items: list[dict[str, Any]]) -> list[tuple[date, list[dict[str, Any]]]]:
    days: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        days.setdefault(item["day"], []).append(item)
    return [(date.fromisoformat(day), rows) for day, rows in days.items()]


def _recent(items: list[dict[str, Any]], pins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was done lately, each kind once, to be logged again with one tap; what is pinned stands before it."""
    kinds = {(item["indicator"], item["description"]): item for item in reversed(items) if item["description"]}
    for pin in pins:
        kinds.pop((pin["indicator"], pin["description"]), None)
    return list(reversed(kinds.values()))[:_MOST_RECENT]
