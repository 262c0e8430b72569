"""What waits for a person's decision, as the services tell it with that person's rights."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, TypeVar

from services.portal.backend import Away, Refused
from services.portal.visit import Visit

#: Requests that one page has on the way to a service at the same moment.
_AT_ONCE = 8
_MOST = 200

T = TypeVar("T")
R = TypeVar("R")


async def each(ask: Callable[[T], Awaitable[R]], of: Iterable[T]) -> list[R]:
    """What `ask` answers for each, in their order; a few are asked at once."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> R:
        async with room:
            return await ask(item)

    return await asyncio.gather(*(one(item) for item in of))


async def whole(visit: Visit, service: str, path: str, **asked: Any) -> list[Any] | None:
    """All items of a list, however many pages it has; None when its service is away."""
    found: list[Any] = []
    more: dict[str, Any] = {}
    while True:
        page = await visit.part(service, path, limit=_MOST, **asked, **more)
        if page is None:
            return None
        found += page["items"]
        if not page.get("next"):
            return found
        more = {"cursor": page["next"]}


async def waiting(visit: Visit, **asked: str) -> list[dict[str, Any]] | None:
    """The queue by person and day; with `person` or `day` with as many entries as may be decided at once."""
    if not asked:
        return await whole(visit, "activity", "/verification-queue")
    page = await visit.part("activity", "/verification-queue", limit=_MOST, **asked)
    if page is None:
        return None
    unsaid = {"indicator": None, "minutes": None, "description": None}
    for on in (on for person in page["items"] for on in person["days"]):
        on["items"] = [unsaid | item for item in on["items"]]
    return list(page["items"])


async def indicators(visit: Visit, plans: Collection[tuple[str, int]]) -> dict[str, dict[str, Any]]:
    """The indicators (IKI) of these plans (employee, year) by their ids; none while appraisal is away."""
    named: dict[str, dict[str, Any]] = {}
    for year in sorted({year for _, year in plans}):
        people = sorted(employee for employee, of in plans if of == year)
        for start in range(0, len(people), _MOST):
            asked = {"year": year, "employee": people[start : start + _MOST]}
            found = await visit.part("appraisal", "/indicators", **asked)
            named |= {each["id"]: each for each in (found or {"indicators": ()})["indicators"]}
    return named


async def histories(visit: Visit, entries: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Entries with all that happened to them, by their ids; those that cannot be asked about now are missing."""

    async def one(entry: str) -> dict[str, Any] | None:
        try:
            return dict(await visit.ask("GET", "activity", f"/entries/{entry}"))
        except (Away, Refused):
            return None

    wanted = list(entries)
    found = zip(wanted, await each(one, wanted), strict=True)
    return {id: entry for id, entry in found if entry is not None}
