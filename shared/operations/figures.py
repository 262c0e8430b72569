"""What each instansi makes a service do now, for `kinerja top`: figures that cost little however much is stored."""

from collections import defaultdict
from collections.abc import Mapping

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch

#: Nobody's figure is counted further.
MOST = 100_000
_SECONDS = 5

#: From instansi to instansi along the index, and of each no further than MOST.
_OUTBOX = f"""
WITH RECURSIVE waiting AS (
    (SELECT instansi FROM outbox WHERE parked_at IS NULL ORDER BY instansi LIMIT 1)
    UNION ALL
    SELECT (SELECT o.instansi FROM outbox o WHERE o.parked_at IS NULL AND o.instansi > w.instansi ORDER BY 1 LIMIT 1)
    FROM waiting w WHERE w.instansi IS NOT NULL
)
SELECT instansi, (SELECT count(*) FROM (
    SELECT FROM outbox o WHERE o.parked_at IS NULL AND o.instansi = w.instansi LIMIT {MOST}) AS counted)
FROM waiting w WHERE instansi IS NOT NULL
"""


def counted(condition: str, table: str) -> str:
    """SQL of a figure: how many rows of `table` t meet the condition, for each instansi h that was heard of."""
    rows = f"SELECT FROM {table} t WHERE t.instansi = h.instansi AND {condition} LIMIT {MOST}"
    return f"SELECT h.instansi, (SELECT count(*) FROM ({rows}) AS counted) FROM heard_instansi h"


def since(moment: str) -> str:
    """SQL of the lowest UUIDv7 of a moment: records made since then have higher ids, without an index of their own."""
    milliseconds = f"to_hex((extract(epoch FROM {moment}) * 1000)::bigint)"
    return f"(lpad({milliseconds}, 12, '0') || repeat('0', 20))::uuid"


async def figures(db: Database, more: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """By instansi: messages that wait to be sent (`outbox`), and `more`, each by SQL of (instansi, figure). None is 0."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    async with db.transaction() as conn:
        await fetch(conn, f"SET LOCAL statement_timeout = '{_SECONDS}s'")
        for name, sql in {"outbox": _OUTBOX, **more}.items():
            for instansi, figure in await fetch(conn, sql):
                if figure:
                    found[instansi][name] = figure
    return found
