"""Everything a service holds of one instansi, out of one snapshot of its database, a page of rows at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from typing import IO, Any

import asyncpg
import orjson

#: What passes: messages that will be made again from the record, answers to repeated requests, and who is signed in.
_PASSING = ("outbox", "idempotency", "session", "invitation")
#: What holds no name, number, contact or text by its nature: opaque ids, codes, days and numbers.
_ANONYMOUS = ("events", "published")
_PAGE = 200
_TABLES = """
SELECT c.relname, json_object_agg(a.attname, format_type(a.atttypid, NULL) ORDER BY a.attnum),
       (SELECT array_agg(k.attname ORDER BY p.place) FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS p(number, place)
        JOIN pg_attribute k ON k.attnum = p.number WHERE i.indrelid = c.oid AND i.indisprimary AND k.attrelid = c.oid)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attname !~ 'secret|^(login|password)$'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname <> ALL ($1::text[]) AND ($2::text[] IS NULL OR c.relname = ANY ($2))
GROUP BY c.oid, c.relname HAVING bool_or(a.attname = 'instansi') ORDER BY c.relname
"""
_POSITION = """
SELECT epoch.value AS epoch, now() AS taken_at, pg_current_snapshot()::text AS snapshot,
       (SELECT count(*) FROM outbox WHERE instansi = $1) AS not_yet_told FROM epoch
"""

#: Opens the file of a table for writing.
Opener = Callable[[str], AbstractContextManager[IO[bytes]]]


async def export_instansi(
    url: str, instansi: str, opened: Opener, tell: Callable[[str, int], object], *, anonymous: bool = False
) -> dict[str, Any]:
    """Write each table's rows of `instansi` as JSON Lines, ordered by key, to the file that `opened(table)` gives.

    `url` is that of the worker role. `tell` is called with the table and how many rows were written since. Returns what
    the manifest says of the service: where its record stood, and each table's columns, rows, bytes and checksum.
    """
    conn: Any = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=5, server_settings={"timezone": "UTC"})
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            position = dict(await conn.fetchrow(_POSITION, instansi))
            tables = await conn.fetch(_TABLES, _PASSING, _ANONYMOUS if anonymous else None)
            written = {}
            for table, columns, keys in tables:
                with opened(table) as file:
                    written[table] = await _table(conn, instansi, table, orjson.loads(columns), keys, file, tell)
            return position | {"tables": written}
    finally:
        await conn.close(timeout=2)


async def _table(
    conn: Any,
    instansi: str,
    table: str,
    columns: dict[str, str],
    keys: list[str],
    file: IO[bytes],
    tell: Callable[[str, int], object],
) -> dict[str, Any]:
    # A decimal as a JSON number would be read as a float.
    shown = ", ".join(
        f'"{name}"::text AS "{name}"' if kind == "numeric" else f'"{name}"' for name, kind in columns.items()
    )
    order = ", ".join(f'"{key}"' for key in keys)
    sql = f'SELECT row_to_json(t)::text FROM (SELECT {shown} FROM "{table}" WHERE instansi = $1 ORDER BY {order}) AS t'
    cursor, digest = await conn.cursor(sql, instansi), sha256()
    rows = size = 0
    while page := await cursor.fetch(_PAGE, timeout=600):
        lines = "".join(f"{row[0]}\n" for row in page).encode()
        file.write(lines)
        digest.update(lines)
        rows, size = rows + len(page), size + len(lines)
        tell(table, len(page))
    return {"rows": rows, "bytes": size, "sha256": digest.hexdigest(), "columns": columns}
