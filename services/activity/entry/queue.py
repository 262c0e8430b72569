"""What waits for somebody's decision: whose work of which days, and the entries themselves."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.rows import fetch
from shared.people.queries import authorities

#: Entries shown at most in one answer; the counts beside them tell how many there are.
MOST_ENTRIES = 500
SHORT = 120

# Only people who ever reported to the caller, or to somebody who held a seat the caller holds today, can be theirs.
_DAYS = """
WITH seats AS (
    SELECT unit, position FROM heard_assignment
    WHERE instansi = $1 AND employee = $2 AND NOT void AND valid_from <= $3 AND (valid_to IS NULL OR valid_to >= $3)
), sitters AS (
    SELECT $2::uuid AS employee
    UNION SELECT h.employee FROM heard_assignment h JOIN seats USING (unit, position) WHERE h.instansi = $1 AND NOT h.void
), candidates AS (
    SELECT DISTINCT a.employee FROM heard_assignment a JOIN sitters s ON a.superior = s.employee
    WHERE a.instansi = $1 AND NOT a.void
)
SELECT employee, day, count(*), coalesce(sum(minutes), 0), count(*) FILTER (WHERE late) FROM entry
WHERE instansi = $1 AND status = 'waiting' AND employee <> $2
  AND ($4 OR employee IN (SELECT employee FROM candidates))
  AND ($5::uuid IS NULL OR employee = $5) AND ($6::date IS NULL OR day = $6)
GROUP BY employee, day ORDER BY employee, day
"""
_ENTRIES = f"""
SELECT e.employee, e.day, e.id, e.version, e.indicator, e.quantity, e.minutes, e.activity, e.late,
       CASE WHEN length(t.body) > {SHORT} THEN left(t.body, {SHORT - 1}) || '…' ELSE t.body END
FROM unnest($2::uuid[], $3::date[]) AS d(employee, day)
JOIN entry e ON e.instansi = $1 AND e.employee = d.employee AND e.day = d.day AND e.status = 'waiting'
LEFT JOIN texts t ON t.instansi = e.instansi AND t.id = e.description
ORDER BY e.employee, e.day, e.id LIMIT {MOST_ENTRIES}
"""


async def waiting_days(
    conn: AsyncConnection,
    instansi: str,
    caller: UUID,
    hr: bool,
    today: date,
    employee: UUID | None = None,
    day: date | None = None,
) -> list[Any]:
    """(employee, day, entries, minutes, late) of what `caller` may decide about; `hr` adds what nobody else can."""
    found = await fetch(conn, _DAYS, instansi, caller, today, hr, employee, day)
    rights = await authorities(conn, instansi, {(row[0], row[1]) for row in found}, today)
    return [row for row in found if caller in (right := rights[row[0], row[1]]).verifiers or (hr and right.hr_may)]


async def waiting_entries(conn: AsyncConnection, instansi: str, days: Sequence[Any]) -> list[Any]:
    """The entries of these days, with the first words of their descriptions."""
    return await fetch(conn, _ENTRIES, instansi, [row[0] for row in days], [row[1] for row in days])
