"""A review as people read it: every number with what it was made of and by which rule."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.review.decider import State, Stated
from services.appraisal.review.events import ReviewAdjusted
from services.appraisal.review.slice import REVIEW
from services.appraisal.rules.achievement import two_decimals
from services.appraisal.rules.predicate import Predicate, Rating
from services.appraisal.rules.recommendation import POLICY_SOURCE
from shared.eventstore import texts
from shared.eventstore.execute import load
from shared.eventstore.rows import fetch

SHOWN = 200
ROUNDING = "setengah ke atas, ke persen bulat / half up, to whole percent"
#: What each formula of rules/achievement.py says.
FORMULAS = {
    "8/2021-normal": "realisasi / target × 100 %",
    "8/2021-special": "(1 + (1 − realisasi / target)) × 100 %",
    "8/2021-range-inside": "realisasi di dalam rentang target = 100 %",
    "8/2021-range-normal": "realisasi / batas rentang terdekat × 100 %",
    "8/2021-range-special": "(1 + (1 − realisasi / batas rentang terdekat)) × 100 %",
    "policy-meets-if-zero": "target nol: 100 % bila realisasi nol, selain itu 0 %",
}

_REVIEW = """
SELECT id, version, state, provisional, percent, recommendation, measured, not_measured, waiting, rule, rule_version,
       plan_revision, indicators
FROM review WHERE instansi = $1 AND employee = $2 AND period = $3 AND expected
"""
_ENTRIES = f"""
SELECT indicator, entry, kind, lapsed_by, of_kind FROM (
    SELECT indicator, entry, kind, lapsed_by, count(*) OVER part AS of_kind,
           row_number() OVER (PARTITION BY indicator, kind ORDER BY day, entry) AS place
    FROM (SELECT *, CASE WHEN status = 'verified' AND verdict = 'below' THEN 'below' ELSE status END AS kind
          FROM heard_entry WHERE instansi = $1 AND employee = $2 AND period = $3 AND status <> 'withdrawn') e
    WINDOW part AS (PARTITION BY indicator, kind)
) numbered WHERE place <= {SHOWN} ORDER BY place
"""
_RECORDS = f"""
SELECT product, record FROM (
    SELECT product, record, row_number() OVER (PARTITION BY product ORDER BY completed, record) AS place
    FROM heard_service_record WHERE instansi = $1 AND officer = $2 AND period = $3 AND completed IS NOT NULL
) numbered WHERE place <= {SHOWN} ORDER BY place
"""
_COLUMNS = (
    *("id", "version", "state", "provisional", "percent", "recommendation", "measured", "not_measured", "waiting"),
    *("rule", "rule_version", "plan_revision", "indicators"),
)


async def review_row(conn: AsyncConnection, instansi: str, employee: UUID, period: str) -> dict[str, Any] | None:
    """The computed review; None where there is none."""
    rows = await fetch(conn, _REVIEW, instansi, employee, period)
    return dict(zip(_COLUMNS, rows[0], strict=True)) if rows else None


async def explained(
    conn: AsyncConnection, instansi: str, employee: UUID, period: str
) -> tuple[int, dict[str, Any]] | None:
    """The version of what is shown (it rises with every change) and the whole review; None where there is none."""
    row = await review_row(conn, instansi, employee, period)
    if row is None:
        return None
    version, state, history = await load(conn, REVIEW, instansi, row["id"])
    evidence = await _evidence(conn, instansi, employee, period)
    measured = row.pop("indicators")
    words = await texts.read(conn, instansi, _text_ids(measured, state))
    adjustments = [(event, at) for event, at in history if isinstance(event, ReviewAdjusted)]
    shown = {
        **row,
        "employee": employee,
        "period": period,
        "recommendation_label": Rating(row["recommendation"]).label if row["recommendation"] else None,
        "policy_source": POLICY_SOURCE,
        "rating": _rating(state.rating, words),
        "indicators": [_indicator(each, evidence, words, state.manual) for each in measured],
        "without_indicator": evidence.entries.get(None, {}),
        "adjustments": [
            {
                "old_percent": event.old_percent,
                "new_percent": event.new_percent,
                "cause": event.cause,
                "cause_source": event.cause_source,
                "at": at.recorded_at,
            }
            for event, at in adjustments
        ],
    }
    return row["version"] + version, shown


class _Evidence:
    """Ids of what a review rests on: entries by indicator and kind with their number, records by product."""

    def __init__(self) -> None:
        self.entries: dict[UUID | None, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.records: dict[str, list[UUID]] = defaultdict(list)


async def _evidence(conn: AsyncConnection, instansi: str, employee: UUID, period: str) -> _Evidence:
    found = _Evidence()
    for indicator, entry, kind, lapsed_by, total in await fetch(conn, _ENTRIES, instansi, employee, period):
        group = found.entries[indicator].setdefault(kind, {"total": total, "entries": []})
        group["entries"].append({"entry": entry, "superior": lapsed_by} if kind == "lapsed" else entry)
    for product, record in await fetch(conn, _RECORDS, instansi, employee, period):
        found.records[product].append(record)
    return found


def _indicator(
    measured: Mapping[str, Any], evidence: _Evidence, words: Mapping[UUID, str], manual: Mapping[UUID, Stated]
) -> dict[str, Any]:
    indicator = measured["indicator"]
    over_records = indicator["measure"] in ("on_time_share", "mean_duration")
    products = [indicator["product"]] if indicator["product"] else sorted(evidence.records)
    stated = manual.get(UUID(indicator["id"]))
    return {
        **{key: value for key, value in indicator.items() if key != "title"},
        "title": words.get(UUID(indicator["title"]["id"])),
        "work_result": measured["work_result"],
        "realisation": _shown(measured["realisation"])
        if indicator["measure"] == "on_time_share"
        else measured["realisation"],
        "counted": measured["counted"],
        "waiting": measured["waiting"],
        "lapsed": measured["lapsed"],
        "below_expectation": measured["below"],
        "entries": evidence.entries.get(UUID(indicator["id"]), {}),
        "records": [record for p in products for record in evidence.records.get(p, ())][:SHOWN] if over_records else [],
        "stated": _stated(stated, words),
        "percent": _shown(measured["percent"]),
        "rounded": measured["rounded"],
        "formula": measured["formula"],
        "formula_text": FORMULAS[measured["formula"]] if measured["formula"] else None,
        "legal_source": measured["source"],
        "rounding": ROUNDING,
        "rule": measured["rule"],
        "rule_version": measured["rule_version"],
    }


def _stated(stated: Stated | None, words: Mapping[UUID, str]) -> dict[str, Any] | None:
    if stated is None:
        return None
    note = words.get(stated.note.id) if stated.note else None
    return {"value": stated.value, "confirmed": stated.confirmed, "note": note}


def _shown(percent: str | None) -> Decimal | None:
    return None if percent is None else two_decimals(Decimal(percent))


def _rating(rating: Any, words: Mapping[UUID, str]) -> dict[str, Any] | None:
    if rating is None:
        return None
    return {
        "work_result": rating.work_result,
        "work_result_label": Rating(rating.work_result).label,
        "behaviour": rating.behaviour,
        "behaviour_label": Rating(rating.behaviour).label,
        "predicate": rating.predicate,
        "predicate_label": Predicate(rating.predicate).label,
        "recommended": rating.recommended,
        "rated_by": rating.rated_by,
        "text": words.get(rating.text.id) if rating.text else None,
        "rule": rating.rule,
        "rule_version": rating.rule_version,
    }


def _text_ids(measured: Any, state: State) -> set[UUID]:
    ids = {UUID(each["indicator"]["title"]["id"]) for each in measured}
    ids |= {stated.note.id for stated in state.manual.values() if stated.note}
    return ids | ({state.rating.text.id} if state.rating and state.rating.text else set())
