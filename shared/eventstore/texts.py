"""Free text that people write: a mutable table, so that it can be erased; events hold its id and a salted hash."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.rows import fetch, to_json


@dataclass(frozen=True, slots=True)
class Text:
    """What an event holds of a text: enough to find it and to prove that it was not changed."""

    id: UUID
    hash: str


_KEEP = """
INSERT INTO texts AS t (instansi, id, person, body, salt)
SELECT $1, n.id, n.person, n.body, n.salt FROM jsonb_to_recordset($2::jsonb) AS n(id uuid, person uuid, body text, salt text)
ORDER BY n.id
ON CONFLICT (instansi, id) DO UPDATE SET person = t.person
RETURNING id, salt
"""


async def keep(
    conn: AsyncConnection, instansi: str, texts: Collection[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, str], Text]:
    """Keep texts given as (record they belong to, person who wrote, body); the same text of a record is kept once.

    Returns, by (record, body), what an event may hold.
    """
    wanted = {(record, body): (uuid5(record, body), person) for record, person, body in texts}
    if not wanted:
        return {}
    rows = {
        text_id: {"id": text_id, "person": person, "body": body, "salt": secrets.token_hex(16)}
        for (_, body), (text_id, person) in wanted.items()
    }
    salts = {row[0]: row[1] for row in await fetch(conn, _KEEP, instansi, to_json(list(rows.values())))}
    return {
        (record, body): Text(text_id, sha256((salts[text_id] + body).encode()).hexdigest())
        for (record, body), (text_id, _) in wanted.items()
    }


async def read(conn: AsyncConnection, instansi: str, ids: Collection[UUID]) -> dict[UUID, str]:
    """The bodies that still exist; an erased one is missing."""
    if not ids:
        return {}
    sql = "SELECT id, body FROM texts WHERE instansi = $1 AND id = ANY($2::uuid[])"
    return {row[0]: row[1] for row in await fetch(conn, sql, instansi, list(ids))}
