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


# Waits for whoever keeps a text of the same record at this moment: two of one record must not get two salts.
_SALTS = """
INSERT INTO text_salts AS s (instansi, record, salt)
SELECT $1, n.record, n.salt FROM unnest($2::uuid[], $3::text[]) AS n(record, salt) ORDER BY n.record
ON CONFLICT (instansi, record) DO UPDATE SET salt = s.salt
RETURNING record, salt
"""
_KEEP = """
INSERT INTO texts (instansi, id, record, person, body)
SELECT $1, n.id, n.record, n.person, n.body
FROM jsonb_to_recordset($2::jsonb) AS n(id uuid, record uuid, person uuid, body text)
ORDER BY n.id
ON CONFLICT (instansi, id) DO NOTHING
"""


async def keep(
    conn: AsyncConnection, instansi: str, texts: Collection[tuple[UUID, UUID, str]]
) -> dict[tuple[UUID, str], Text]:
    """Keep texts given as (record they belong to, person who wrote, body); the same text of a record is kept once.

    Returns, by (record, body), what an event may hold. Id and hash are made with a salt of the record, which is erased
    with its texts: nobody can then tell from its events whether a guess is right.
    """
    if not texts:
        return {}
    records = sorted({record for record, _, _ in texts})
    made = [secrets.token_hex(16) for _ in records]
    salts = {row[0]: row[1] for row in await fetch(conn, _SALTS, instansi, records, made)}
    kept, rows = {}, {}
    for record, person, body in texts:
        salt = salts[record]
        text = Text(uuid5(record, salt + body), sha256((salt + body).encode()).hexdigest())
        kept[record, body] = text
        rows[text.id] = {"id": text.id, "record": record, "person": person, "body": body}
    await fetch(conn, _KEEP, instansi, to_json(list(rows.values())))
    return kept


async def read(conn: AsyncConnection, instansi: str, ids: Collection[UUID]) -> dict[UUID, str]:
    """The bodies that still exist; an erased one is missing."""
    if not ids:
        return {}
    sql = "SELECT id, body FROM texts WHERE instansi = $1 AND id = ANY($2::uuid[])"
    return {row[0]: row[1] for row in await fetch(conn, sql, instansi, list(ids))}
