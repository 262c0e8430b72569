"""Which outside systems may have which event types of an instansi."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.feed.event_types import known_types
from services.feed.tables import AT, FeedTable
from shared.errors import Refusal
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, Role

_PUT = """
INSERT INTO access_grant AS g (instansi, system, types, created_by, changed_by) VALUES ($1, $2, $3::text[], $4, $4)
ON CONFLICT (instansi, system) DO UPDATE SET types = excluded.types, changed_at = now(), changed_by = excluded.changed_by
WHERE g.types <> excluded.types
RETURNING system
"""


class GrantRow(FeedTable, table=True):
    """The types that `system` (the subject of its tokens) may have."""

    __tablename__ = "access_grant"

    instansi: str = Field(primary_key=True)
    system: str = Field(primary_key=True)
    types: list[str] = Field(sa_type=ARRAY(String))
    created_at: datetime = Field(sa_type=AT)
    created_by: str
    changed_at: datetime = Field(sa_type=AT)
    changed_by: str


class NotGranted(Refusal):
    """The system may not have these types of this instansi."""

    code = "not-granted"
    status = 403


async def put(conn: AsyncConnection, instansi: str, system: str, types: Sequence[str], by: str) -> None:
    """Let `system` have exactly these types."""
    await fetch(conn, _PUT, instansi, system, list(types), by)


async def remove(conn: AsyncConnection, instansi: str, system: str) -> None:
    """Let `system` have nothing any more."""
    await fetch(conn, "DELETE FROM access_grant WHERE instansi = $1 AND system = $2", instansi, system)


async def listed(conn: AsyncConnection, instansi: str, after: str, limit: int) -> list[tuple[str, list[str]]]:
    """Systems behind `after` and their types, in the order of their names."""
    sql = "SELECT system, types FROM access_grant WHERE instansi = $1 AND system > $2 ORDER BY system LIMIT $3"
    return [(row[0], row[1]) for row in await fetch(conn, sql, instansi, after, limit)]


async def granted(conn: AsyncConnection, caller: Caller) -> list[str]:
    """The types the caller may have: hr and auditors all of their instansi, a system what it was granted."""
    if caller.roles & {Role.HR, Role.AUDITOR}:
        return list(known_types())
    sql = "SELECT types FROM access_grant WHERE instansi = $1 AND system = $2"
    rows = await fetch(conn, sql, caller.instansi, caller.subject)
    return sorted(set(rows[0][0]) & set(known_types())) if rows else []


async def demand(conn: AsyncConnection, caller: Caller, types: Sequence[str] | None) -> list[str]:
    """The types asked for (None: all the caller may have). NotGranted for what is beyond the caller's grant."""
    may = await granted(conn, caller)
    refused = sorted(set(types or ()) - set(may))
    if refused or not may:
        raise NotGranted(
            "Minta izin jenis peristiwa ini kepada HR instansi (PUT /grants/{system}). / "
            "Ask the instansi's HR to grant these types (PUT /grants/{system}).",
            system=caller.subject,
            types=refused,
        )
    return may if types is None else list(types)
