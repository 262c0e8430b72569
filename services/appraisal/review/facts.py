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
#: Instansi, employee and period.
Place = tuple[str, UUID, str]

_STORED = (
    *("version", "state", "listed", "expected", "provisional", "percent", "recommendation", "measured"),
    *("not_measured", "waiting", "rule", "rule_version", "plan_revision", "band_changes", "imported", "indicators"),
)
_INPUTS = f"""
SELECT k.instansi, k.employee, k.period, k.id, placed.unit, s.value, p.agreed, p.agreed_revision, c.manual, c.closed, c.percent,
       r.id, {", ".join(f"r.{column}" for column in _STORED)}
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::uuid[], $5::date[], $6::date[])
     AS k(instansi, employee, period, id, first, last)
LEFT JOIN LATERAL (
    SELECT a.unit FROM heard_assignment a
    JOIN heard_employee e ON e.instansi = a.instansi AND e.id = a.employee AND e.kind <> 'NON_ASN'
    WHERE a.instansi = k.instansi AND a.employee = k.employee AND NOT a.void AND a.kind = 'definitif'
      AND a.valid_from <= k.last AND (a.valid_to IS NULL OR a.valid_to >= k.first)
    ORDER BY a.valid_from DESC, a.id DESC LIMIT 1
) placed ON true
LEFT JOIN heard_satisfaction s ON s.instansi = k.instansi AND s.unit = placed.unit AND s.period = k.period
LEFT JOIN plan p ON p.instansi = k.instansi AND p.employee = k.employee AND p.year = extract(year FROM k.first)::int
LEFT JOIN review_record c ON c.instansi = k.instansi AND c.id = k.id
LEFT JOIN review r ON r.instansi = k.instansi AND r.id = k.id
"""
_ENTRIES = """
SELECT e.instansi, e.employee, e.period, e.indicator,
       count(*) FILTER (WHERE e.status IN ('verified', 'imported')),
       coalesce(sum(e.quantity) FILTER (WHERE e.status IN ('verified', 'imported')), 0),
       count(*) FILTER (WHERE e.status = 'waiting'), count(*) FILTER (WHERE e.status = 'lapsed'),
       count(*) FILTER (WHERE e.status = 'verified' AND e.verdict = 'below')
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS k(instansi, employee, period)
JOIN heard_entry e ON e.instansi = k.instansi AND e.employee = k.employee AND e.period = k.period
GROUP BY 1, 2, 3, 4
"""
_RECORDS = """
SELECT s.instansi, s.officer, s.period, s.product, count(*), count(s.on_time), count(*) FILTER (WHERE s.on_time),
       sum(extract(epoch FROM s.completed - s.started))
FROM unnest($1::text[], $2::uuid[], $3::text[]) AS k(instansi, employee, period)
JOIN heard_service_record s
  ON s.instansi = k.instansi AND s.officer = k.employee AND s.period = k.period AND s.completed IS NOT NULL
GROUP BY 1, 2, 3, 4
"""


@dataclass(slots=True)
class Known:
    """One review to compute: what is known, and what was computed before (`stored` None: not opened yet)."""

    instansi: str
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


async def known(conn: AsyncConnection, places: Sequence[Place]) -> list[Known]:
    """All that is known about these reviews, in the order given; call it after `hold`."""
    days = {
        name: (period.first_day, period.last_day) for name in {p[2] for p in places} for period in [Period.parse(name)]
    }
    columns = [place[0] for place in places], [place[1] for place in places], [place[2] for place in places]
    ids = [review_id(*place) for place in places]
    first, last = [days[name][0] for name in columns[2]], [days[name][1] for name in columns[2]]
    found = {row[:3]: _known(row) for row in await fetch(conn, _INPUTS, *columns, ids, first, last)}
    for instansi, employee, period, indicator, *sums in await fetch(conn, _ENTRIES, *columns):
        found[instansi, employee, period].facts.entries[indicator] = Entries(*sums)
    for instansi, officer, period, product, *sums in await fetch(conn, _RECORDS, *columns):
        found[instansi, officer, period].facts.records[product] = Records(*sums)
    return [found[place] for place in places]


def _known(row: Any) -> Known:
    instansi, employee, period, id_, unit, index, agreed, revision, manual, closed, percent, stored, *columns = row
    stated = {UUID(i): Manual(Decimal(m["value"]), m["confirmed"]) for i, m in (manual or {}).items()}
    return Known(
        instansi=instansi,
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
