"""Checks that all intake shares: client-made ids, and what the service has heard of."""

from collections.abc import Collection
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.eventstore.rows import fetch
from shared.ids import check_client_id

T = TypeVar("T")


def checked_id(item: T, id: UUID, now: datetime) -> T | Refusal:
    """The item, or why its id is none a client may make."""
    try:
        check_client_id(id, now)
    except Refusal as refusal:
        return refusal
    return item


async def known_units(conn: AsyncConnection, instansi: str, units: Collection[UUID]) -> set[UUID]:
    """Those of `units` that the directory has told of."""
    sql = "SELECT id FROM heard_unit WHERE instansi = $1 AND id = ANY($2::uuid[])"
    return {row[0] for row in await fetch(conn, sql, instansi, list(units))} if units else set()
