"""One entry: all that happened to it, and for its author to correct or take back."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from starlette.responses import Response

from services.portal.backend import Away, Refused, Unanswered
from services.portal.today.form import FIELDS, content, filled, indicators, punctual_since, written
from services.portal.visit import Visit, VisitDep

#: What its author may still change.
_CHANGEABLE = ("waiting", "verified", "returned")


async def show_entry(entry: UUID, visit: VisitDep) -> Response:
    """The entry as it is; the version that is shown stands in the form."""
    return await _page(visit, entry)


async def change_entry(entry: UUID, visit: VisitDep) -> Response:
    """Correct or withdraw one's own entry, as long as nobody changed it since it was shown."""
    typed = await written(visit)
    version = {"version": _version(typed.get("version", ""))}
    try:
        if typed.get("do") == "withdraw":
            await visit.ask("POST", "activity", f"/entries/{entry}/withdraw", body=version)
            return visit.back("hari-ini", "entry-withdrawn")
        await visit.ask("POST", "activity", f"/entries/{entry}/amend", body=content(typed, visit.language) | version)
    except Unanswered as error:
        return await _page(visit, entry, typed, error)
    return visit.back(f"catatan/{entry}", "entry-amended")


async def _page(
    visit: Visit, id: UUID, typed: Mapping[str, str] | None = None, error: Unanswered | None = None
) -> Response:
    found: dict[str, Any] | None = None
    try:
        found = await visit.ask("GET", "activity", f"/entries/{id}")
    except (Away, Refused):
        if error is None:
            raise
    mine = found is not None and found["employee"] == str(visit.me)
    people = {step["by"] for step in found["history"] if step["by"]} | {found["employee"]} if found else set()
    people |= {found["lapsed_by"]} if found and found["lapsed_by"] else set()
    today = visit.rules.local_date(visit.now)
    year = date.fromisoformat(found["day"]).year if found else today.year
    names, known = await asyncio.gather(visit.names(people), _indicators(visit, year, asked=mine or not found))
    # Taking back sends none of the fields: then the form shows what there is.
    shown = {**(filled(found, visit) if found else dict.fromkeys(FIELDS, "")), **(typed or {})}
    return visit.page(
        "today/entry.html",
        error.status if error else 200,
        error=error,
        entry=found,
        mine=mine and found is not None and found["status"] in _CHANGEABLE,
        names=names,
        indicators=known,
        titles={each["id"]: each["title"] for each in known},
        typed={"version": "", "do": "", **shown},
        seen=_version((typed or {}).get("version", "")),
        since=punctual_since(visit.rules, today),
    )


async def _indicators(visit: Visit, year: int, *, asked: bool) -> list[dict[str, Any]]:
    return await indicators(visit, year) if asked else []


def _version(written: str) -> int:
    """A version out of a form; 1 for what our forms do not send, which changes nothing that was changed since."""
    return int(written) if written.isascii() and written.isdecimal() and 0 < len(written) < 10 else 1
