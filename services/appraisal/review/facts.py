"""What is known of whole batches of reviews, in three statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.review.measure import Entries, Facts, Manual, Records
from services.appraisal.review.view import review_id
from shared.calendar import Period
from shared.eventstore.rows import fetch

#: Employee and period.
Key = tuple[UUID, str]

_STORED = (
    *("version", "state", "listed", "expected", "provisional", "percent", "recommendation", "measured"),
    *("not_measured", "waiting", "rule", "rule_version", "plan_revision", "band_changes", "imported", "indicators"),
)
_INPUTS = f"""
SELECT k.employee, k.period, k.id, placed.unit, s.value, p.agreed, p.agreed_revision, c.manual, c.closed, c.percent,
       r.id, {", ".join(f"r.{column}" for column in _STORED)}
FROM unnest($2::uuid[], $3::text[], $4::uuid[], $5::date[], $6::date[]) AS k(employee, period, id, first, last)
LEFT JOIN LATERAL (
    SELECT a.unit FROM heard_assignment a
    JOIN heard_employee e ON e.instansi = a.instansi AND e.id = a.employee AND e.kind <> 'NON_ASN'
    WHERE a.instansi = $1 AND a.employee = k.employee AND NOT a.void AND a.kind = 'definitif'
      AND a.valid_from <= k.last AND (a.valid_to IS NULL OR a.valid_to >= k.first)
    ORDER BY a.valid_from DESC, a.id DESC LIMIT 1
) placed ON true
LEFT JOIN heard_satisfaction s ON s.instansi = $1 AND s.unit = placed.unit AND s.period = k.period
LEFT JOIN plan p ON p.instansi = $1 AND p.employee = k.employee AND p.year = extract(year FROM k.first)
LEFT JOIN review_record c ON c.instansi = $1 AND c.id = k.id
LEFT JOIN review r ON r.instansi = $1 AND r.id = k.id
"""
_ENTRIES = """
SELECT e.employee, e.period, e.indicator,
       count(*) FILTER (WHERE e.status IN ('verified', 'imported')),
       coalesce(sum(e.quantity) FILTER (WHERE e.status IN ('verified', 'imported')), 0),
       count(*) FILTER (WHERE e.status = 'waiting'), count(*) FILTER (WHERE e.status = 'lapsed'),
       count(*) FILTER (WHERE e.status = 'verified' AND e.verdict = 'below')
FROM unnest($2::uuid[], $3::text[]) AS k(employee, period)
JOIN heard_entry e ON e.instansi = $1 AND e.employee = k.employee AND e.period = k.period
GROUP BY 1, 2, 3
"""
_RECORDS = """
SELECT s.officer, s.period, s.product, count(*), count(s.on_time), count(*) FILTER (WHERE s.on_time),
       sum(extract(epoch FROM s.completed - s.started))
FROM unnest($2::uuid[], $3::text[]) AS k(employee, period)
JOIN heard_service_record s ON s.instansi = $1 AND s.officer = k.employee AND s.period = k.period AND s.completed IS NOT NULL
GROUP BY 1, 2, 3
"""


@dataclass(slots=True)
class Known:
    """One review to compute: what is known, and what was computed before (`stored` None: not opened yet)."""

    employee: UUID
    period: str
    id: UUID
    unit: UUID | None
    agreed: list[dict[str, Any]] | None
    plan_revision: int | None
    closed: dict[str, Any] | None
    closed_percent: Decimal | None
    stored: dict[str, Any] | None
    facts: Facts


async def known(conn: AsyncConnection, instansi: str, keys: Sequence[Key]) -> list[Known]:
    """All that is known about these reviews; call it after `hold`."""
    periods = {period: Period.parse(period) for _, period in keys}
    employees, names = [key[0] for key in keys], [key[1] for key in keys]
    ids = [review_id(instansi, *key) for key in keys]
    first, last = [periods[n].first_day for n in names], [periods[n].last_day for n in names]
    found = {}
    for row in await fetch(conn, _INPUTS, instansi, employees, names, ids, first, last):
        found[row[0], row[1]] = _known(row)
    for employee, period, indicator, counted, quantity, waiting, lapsed, below in await fetch(
        conn, _ENTRIES, instansi, employees, names
    ):
        found[employee, period].facts.entries[indicator] = Entries(counted, quantity, waiting, lapsed, below)
    for officer, period, product, *sums in await fetch(conn, _RECORDS, instansi, employees, names):
        found[officer, period].facts.records[product] = Records(*sums)
    return [found[key] for key in sorted(found)]


def _known(row: Any) -> Known:
    employee, period, id_, unit, index, agreed, revision, manual, closed, percent, stored, *columns = row
    stated = {UUID(i): Manual(Decimal(m["value"]), m["confirmed"]) for i, m in (manual or {}).items()}
    return Known(
        employee=employee,
        period=period,
        id=id_,
        unit=unit,
        agreed=agreed,
        plan_revision=revision,
        closed=closed,
        closed_percent=percent,
        stored=dict(zip(_STORED, columns, strict=True)) if stored else None,
        facts=Facts(satisfaction=index, manual=stated),
    )
