"""How many notices are unread, for the menu, which stands on every page: no page waits for it."""

import asyncio
from typing import TYPE_CHECKING

from services.portal.backend import Unanswered

if TYPE_CHECKING:
    from services.portal.visit import Visit

#: Seconds in which notification says it, or the menu does without.
_PATIENCE = 0.5


async def unread_of(visit: "Visit") -> int | None:
    """None while that is not known."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return int((await visit.ask("GET", "notification", "/notices/unread-count"))["unread"])
    except (Unanswered, TimeoutError):
        return None
