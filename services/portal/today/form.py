"""What people write about a piece of work, as the form holds it and as activity takes it."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.portal.texts import plain
from services.portal.visit import Visit
from shared.errors import Invalid
from shared.people.queries import Rules
from shared.web.messages import Language

#: Fields of the form; the last two are not shown, but a correction must not lose them.
FIELDS = ("day", "indicator", "quantity", "minutes", "description", "activity", "done_at")


def content(typed: Mapping[str, str], language: Language) -> dict[str, Any]:
    """The body of an entry."""
    body: dict[str, Any] = {name: typed.get(name) or None for name in FIELDS}
    if typed.get("minutes", "").isdecimal():
        body["minutes"] = int(typed["minutes"])
    body["quantity"] = plain(typed.get("quantity", ""), language) or "1"
    return body


def entry_id(typed: Mapping[str, str]) -> UUID:
    """The id that the form was given. Invalid for what our forms do not send."""
    try:
        return UUID(typed.get("id", ""))
    except ValueError:
        raise Invalid("Buka halamannya lagi, lalu kirim lagi. / Open the page again, then send again.") from None


def filled(entry: Mapping[str, Any], visit: Visit) -> dict[str, str]:
    """The fields as an earlier entry has them."""
    typed = {name: "" if entry[name] is None else str(entry[name]) for name in FIELDS}
    quantity = str(entry["quantity"])
    return typed | {"quantity": quantity.replace(".", ",") if visit.language == "id" else quantity}


async def written(visit: Visit) -> dict[str, str]:
    """The fields that were sent."""
    return {key: str(value).strip() for key, value in (await visit.form()).items()}


async def indicators(visit: Visit, year: int) -> list[dict[str, Any]]:
    """The indicators of one's plan of the year that was agreed; none while appraisal is away."""
    plan = await visit.part("appraisal", f"/plans/{visit.me}/{year}")
    return [each for result in (plan or {}).get("agreed") or [] for each in result["indicators"]]


def punctual_since(rules: Rules, today: date) -> date:
    """The earliest day whose work, logged today, is not late by the instansi's rule."""
    day = today
    while rules.first_day < day and rules.punctual_until(day - timedelta(days=1)) >= today:
        day -= timedelta(days=1)
    return day
