"""Proof that reviews say what the facts say: every number once more, straight from what was heard, by other means.

Shares no code with the recompute: SQL sums an indicator at a time, and fractions instead of decimals judge it.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.operations.rebuild import Difference

_AT_ONCE = 500
_NOISE = Fraction(1, 10**15)
_COUNTING = (
    "e.instansi = r.instansi AND e.employee = r.employee AND e.period = r.period AND e.indicator = i.id AND e.status IN"
)
_ENDED = """s.instansi = r.instansi AND s.officer = r.employee AND s.period = r.period AND s.completed IS NOT NULL
    AND (i.product IS NULL OR s.product = i.product)"""
_REVIEWS = f"""
WITH paged AS (
    SELECT r.*, c.closed, c.manual, p.agreed FROM review r
    LEFT JOIN review_record c ON c.instansi = r.instansi AND c.id = r.id
    LEFT JOIN plan p ON p.instansi = r.instansi AND p.employee = r.employee AND p.year = left(r.period, 4)::int
    WHERE ($1::text IS NULL OR r.instansi = $1) AND (r.instansi, r.id) > ($2, $3) AND r.expected
    ORDER BY r.instansi, r.id LIMIT {_AT_ONCE}
), indicators AS (
    SELECT r.instansi, r.id AS review, i.* FROM paged r CROSS JOIN LATERAL (
        SELECT m -> 'indicator' AS it FROM jsonb_array_elements(r.closed -> 'indicators') m WHERE r.closed IS NOT NULL
        UNION ALL
        SELECT it FROM jsonb_array_elements(r.agreed) w, jsonb_array_elements(w -> 'indicators') it WHERE r.closed IS NULL
    ) found CROSS JOIN LATERAL (
        SELECT (it ->> 'id')::uuid AS id, it ->> 'measure' AS measure, it ->> 'product' AS product,
               it ->> 'direction' AS direction, it -> 'target' AS target
    ) i
)
SELECT r.instansi, r.id, r.percent, r.measured, r.not_measured,
       coalesce((r.closed #>> '{{policy,cap}}')::numeric, (h.policy ->> 'achievement_cap_percent')::numeric),
       coalesce((SELECT jsonb_agg(jsonb_build_array(i.direction, i.target, CASE i.measure
           WHEN 'quantity' THEN (SELECT sum(e.quantity) FROM heard_entry e WHERE {_COUNTING} ('verified', 'imported'))
           WHEN 'count' THEN (SELECT nullif(count(*), 0) FROM heard_entry e WHERE {_COUNTING} ('verified', 'imported'))
           WHEN 'on_time_share' THEN
               (SELECT 100 * avg(s.on_time::int::numeric(38, 30)) FROM heard_service_record s WHERE {_ENDED})
           WHEN 'mean_duration' THEN
               (SELECT round(sum(extract(epoch FROM s.completed - s.started)) / (86400 * count(*)), 2) FROM heard_service_record s
                WHERE {_ENDED})
           WHEN 'satisfaction' THEN (
               SELECT x.value FROM heard_satisfaction x WHERE x.instansi = r.instansi AND x.period = r.period AND x.unit = (
                   SELECT a.unit FROM heard_assignment a WHERE a.instansi = r.instansi AND a.employee = r.employee
                     AND a.kind = 'definitif' AND NOT a.void
                     AND daterange(a.valid_from, a.valid_to, '[]') && daterange(days.first, days.after)
                   ORDER BY a.valid_from DESC, a.id DESC LIMIT 1))
           WHEN 'manual' THEN (SELECT (r.manual -> i.id::text ->> 'value')::numeric
               WHERE (r.manual -> i.id::text ->> 'confirmed')::bool)
       END::text)) FROM indicators i WHERE i.instansi = r.instansi AND i.review = r.id), '[]')
FROM paged r
JOIN heard_instansi h ON h.instansi = r.instansi
CROSS JOIN LATERAL (SELECT CASE WHEN r.period LIKE '%Q%'
    THEN make_date(left(r.period, 4)::int, 3 * right(r.period, 1)::int - 2, 1)
    ELSE (r.period || '-01')::date END AS first) f
CROSS JOIN LATERAL (SELECT f.first, (f.first + CASE WHEN r.period LIKE '%Q%' THEN interval '3 months' ELSE interval '1 month' END)::date
    AS after) days
ORDER BY r.instansi, r.id
"""


async def prove_reviews(db: Database, instansi: str | None) -> list[Difference]:
    """The reviews whose percent or counts are not what their facts give."""
    found: list[Difference] = []
    after: tuple[str, UUID] = ("", UUID(int=0))
    while True:
        async with db.transaction() as conn:
            rows = await fetch(conn, _REVIEWS, instansi, *after)
        if not rows:
            return found
        for of, id_, percent, measured, not_measured, cap, indicators in rows:
            said, wanted = (percent, measured, not_measured), _judge(indicators, Fraction(cap))
            if not _same(said, wanted):
                found.append(Difference(f"review {of}/{id_}", f"says {_words(said)}, its facts give {_words(wanted)}"))
        after = (rows[-1][0], rows[-1][1])


def _judge(indicators: Sequence[tuple[str, Mapping[str, str], str | None]], cap: Fraction) -> tuple[Any, int, int]:
    reached = [_reached(d, t, Fraction(r)) for d, t, r in indicators if r is not None]
    capped = [min(each, cap) for each in reached]
    return (sum(capped) / len(capped) if capped else None), len(capped), len(indicators) - len(capped)


def _reached(direction: str, target: Mapping[str, str], realised: Fraction) -> Fraction:
    """Capaian IKI by PermenPANRB 8/2021 p. 99 and 110, in percent."""
    if target["kind"] == "range":
        low, high = Fraction(target["lo"]), Fraction(target["hi"])
        if low <= realised <= high:
            return Fraction(100)
        aim = high if realised > high else low
    else:
        aim = Fraction(target["value"])
    if aim == 0:
        return Fraction(100 if realised <= 0 and direction == "lower" else 0)
    share = realised / aim * 100
    return max(Fraction(0), share if direction == "higher" else 200 - share)


def _same(said: tuple[Any, int, int], wanted: tuple[Any, int, int]) -> bool:
    if said[1:] != wanted[1:] or (said[0] is None) != (wanted[0] is None):
        return False
    # Half up to two decimals; where it lies on the very edge, decimals of 28 digits may fall on either side.
    return said[0] is None or Fraction(said[0]) in {_hundredths(wanted[0] + noise) for noise in (-_NOISE, _NOISE)}


def _hundredths(percent: Fraction) -> Fraction:
    return Fraction(floor(percent * 100 + Fraction(1, 2)), 100)


def _words(of: tuple[Any, int, int]) -> str:
    percent = "not measured" if of[0] is None else f"{float(of[0]):.6f} %"
    return f"{percent} of {of[1]} measured and {of[2]} other indicators"
