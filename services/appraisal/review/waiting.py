"""Read your own write elsewhere: wait a little until what the caller wrote has been heard here."""

import asyncio
import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from shared.errors import Invalid
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch

#: Fits the column that holds it.
_VERSION = re.compile(r"[0-9]{1,9}")
_SECONDS, _AT_MOST = 2.0, 20
#: Seconds between two looks: at first, and at most. Many who wait long must not be what everybody waits for.
_FIRST, _LAST = 0.02, 0.25
_HEARD = """
SELECT count(*) FROM unnest($2::uuid[], $3::int[]) AS k(source, version) WHERE NOT EXISTS (
    SELECT FROM heard_entry h WHERE h.instansi = $1 AND h.entry = k.source AND h.version >= k.version
    UNION ALL SELECT FROM heard_service_record h WHERE h.instansi = $1 AND h.record = k.source AND h.version >= k.version
    UNION ALL SELECT FROM heard_employee h WHERE h.instansi = $1 AND h.id = k.source AND h.version >= k.version
    UNION ALL SELECT FROM heard_assignment h WHERE h.instansi = $1 AND h.id = k.source AND h.version >= k.version
    UNION ALL SELECT FROM events h WHERE h.instansi = $1 AND h.stream = k.source AND h.version >= k.version)
"""


def wanted(
    wait: Annotated[list[str] | None, Query(max_length=_AT_MOST, description="<source>@<version>, at most 20")] = None,
) -> list[tuple[UUID, int]]:
    """The versions to wait for; raises Invalid."""
    found = []
    for each in wait or ():
        source, _, version = each.partition("@")
        try:
            if not _VERSION.fullmatch(version):
                raise ValueError
            found.append((UUID(source), int(version)))
        except ValueError:
            raise Invalid("Tulis wait=<id>@<versi>. / Write wait=<source>@<version>.") from None
    return found


WaitDep = Annotated[list[tuple[UUID, int]], Depends(wanted)]


async def heard(db: Database, instansi: str, sources: list[tuple[UUID, int]]) -> bool:
    """Whether all of it was heard, after waiting for it up to two seconds."""
    if not sources:
        return True
    ids, versions = [source for source, _ in sources], [version for _, version in sources]
    clock = asyncio.get_running_loop().time
    pause, until = _FIRST, clock() + _SECONDS
    while True:
        async with db.transaction(instansi) as conn:
            [[missing]] = await fetch(conn, _HEARD, instansi, ids, versions)
        if missing == 0 or clock() + pause > until:
            return bool(missing == 0)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LAST)
