"""What people ask about their notices; one person's inbox at a time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.rows import fetch

_COLUMNS = "id, event_id, template, params, created_at, read_at"
_MINE = "instansi = $1 AND person = $2 AND channel = 'inbox'"


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice in somebody's inbox."""

    id: UUID
    event: UUID
    template: str
    params: dict[str, Any]
    created_at: datetime
    read_at: datetime | None


async def inbox(
    conn: AsyncConnection,
    instansi: str,
    person: UUID,
    *,
    unread: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Shown]:
    """The newest first; those after (older than) `after`."""
    sql = (
        f"SELECT {_COLUMNS} FROM notice WHERE {_MINE} AND (NOT $3 OR read_at IS NULL)"
        " AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid)) ORDER BY created_at DESC, id DESC LIMIT $6"
    )
    at, id = after or (None, None)
    return [Shown(*row) for row in await fetch(conn, sql, instansi, person, unread, at, id, limit)]


async def unread_count(conn: AsyncConnection, instansi: str, person: UUID) -> int:
    """How many notices of the person are unread."""
    sql = f"SELECT count(*)::int FROM notice WHERE {_MINE} AND read_at IS NULL"
    return int((await fetch(conn, sql, instansi, person))[0][0])


async def mark_read(
    conn: AsyncConnection, instansi: str, person: UUID, ids: Collection[UUID] | None
) -> dict[UUID, datetime]:
    """Mark the person's notices (None: all unread ones) as read; returns those found, with when they were first read."""
    chosen = "read_at IS NULL" if ids is None else "id = ANY($3::uuid[])"
    sql = f"UPDATE notice SET read_at = coalesce(read_at, now()) WHERE {_MINE} AND {chosen} RETURNING id, read_at"
    parameters = [] if ids is None else [sorted(ids)]
    return {row[0]: row[1] for row in await fetch(conn, sql, instansi, person, *parameters)}


async def statistics(conn: AsyncConnection, instansi: str) -> dict[str, Any]:
    """How many notices there are, by status for mails, and how many are owed by what became of them."""
    by_status = {
        row[0]: row[1]
        for row in await fetch(
            conn, "SELECT status, count(*)::int FROM notice WHERE instansi = $1 GROUP BY status", instansi
        )
    }
    owed = await fetch(conn, "SELECT outcome, count(*)::int FROM owed WHERE instansi = $1 GROUP BY outcome", instansi)
    return {"notices": by_status.pop("shown", 0), "mails": by_status, "owed": {row[0]: row[1] for row in owed}}
