"""Every stored version ever released loads for ever: add lines, never change them."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.appraisal.app import SERVICE
from services.appraisal.plan import events as plan
from services.appraisal.plan.slice import PLAN
from services.appraisal.review import events as review
from services.appraisal.review.slice import REVIEW
from services.appraisal.rules.achievement import Direction, RangeTarget
from services.appraisal.rules.predicate import Predicate, Rating
from services.appraisal.rules.recommendation import RecommendationPolicy
from shared.eventstore.texts import Text

WHO, BOSS, WHAT = (UUID(f"01955091-1800-7000-8000-00000000000{n}") for n in (1, 2, 3))
TEXT, STORED_TEXT = Text(WHAT, "ab"), {"id": str(WHAT), "hash": "ab"}
INDICATOR = plan.Indicator(
    id=WHAT,
    title=TEXT,
    aspect=plan.Aspect.WAKTU,
    target=RangeTarget(Decimal("1.5"), Decimal(2)),
    direction=Direction.LOWER,
    measure="mean_duration",
    unit_label="hari",
    product="ktp-el",
    competency="KOM",
)
STORED_INDICATOR = {
    "id": str(WHAT),
    "title": STORED_TEXT,
    "aspect": "waktu",
    "target": {"lo": "1.5", "hi": "2", "kind": "range"},
    "direction": "lower",
    "measure": "mean_duration",
    "unit_label": "hari",
    "zero_rule": None,
    "maximum_target": False,
    "product": "ktp-el",
    "competency": "KOM",
}
RESULTS = (plan.WorkResult(id=BOSS, title=TEXT, indicators=(INDICATOR,)),)
STORED_RESULTS = [{"id": str(BOSS), "title": STORED_TEXT, "indicators": [STORED_INDICATOR]}]
OF: dict[str, Any] = {"employee": WHO, "period": "2026-03"}
STORED_OF = {"employee": str(WHO), "period": "2026-03"}
YEAR: dict[str, Any] = {"employee": WHO, "year": 2026, "revision": 2, "results": RESULTS}
STORED_YEAR = {"employee": str(WHO), "year": 2026, "revision": 2, "results": STORED_RESULTS}
RULE: dict[str, Any] = {"rule": "r", "rule_version": "1"}
MEASURED = review.Measured(
    work_result=BOSS, indicator=INDICATOR, realisation=Decimal(2), counted=3, percent=Decimal(100), rounded=100
)
STORED_MEASURED = {
    "work_result": str(BOSS),
    "indicator": STORED_INDICATOR,
    "realisation": "2",
    "counted": 3,
    "percent": "100",
    "rounded": 100,
}
STORED_POLICY = {"id": "p", "version": "1", "above_at": "110", "meets_at": "90", "cap": "120"}

RELEASED: list[tuple[str, int, dict[str, Any], object]] = [
    (
        "plan.proposed",
        1,
        STORED_YEAR | {"proposed_by": str(WHO), "side": "employee", "waits_for": str(BOSS)},
        plan.PlanProposed(proposed_by=WHO, side="employee", waits_for=BOSS, **YEAR),
    ),
    ("plan.returned", 1, {"returned_by": str(BOSS), "reason": STORED_TEXT}, plan.PlanReturned(returned_by=BOSS, reason=TEXT)),
    ("plan.agreed", 1, {"agreed_by": str(BOSS), "revision": 2}, plan.PlanAgreed(agreed_by=BOSS, revision=2)),
    (
        "plan.imported",
        1,
        STORED_YEAR | {"source": "ekinerja", "file_hash": "cd"},
        plan.PlanImported(source="ekinerja", file_hash="cd", **YEAR),
    ),
    (
        "review.realisation-entered",
        1,
        STORED_OF | {"indicator": str(WHAT), "value": "2.5", "note": STORED_TEXT},
        review.RealisationEntered(indicator=WHAT, value=Decimal("2.5"), note=TEXT, **OF),
    ),
    (
        "review.realisation-confirmed",
        1,
        {"indicator": str(WHAT), "value": "2.5", "confirmed_by": str(BOSS)},
        review.RealisationConfirmed(indicator=WHAT, value=Decimal("2.5"), confirmed_by=BOSS),
    ),
    (
        "review.rated",
        1,
        STORED_OF
        | RULE
        | {"work_result": "below", "behaviour": "meets", "predicate": "butuh_perbaikan", "recommended": "meets"}
        | {"percent": "91.25", "rated_by": str(BOSS), "text": STORED_TEXT},
        review.RatingSet(
            work_result=Rating.BELOW,
            behaviour=Rating.MEETS,
            predicate=Predicate.BUTUH_PERBAIKAN,
            recommended=Rating.MEETS,
            percent=Decimal("91.25"),
            rated_by=BOSS,
            text=TEXT,
            **OF,
            **RULE,
        ),
    ),
    (
        "review.closed",
        1,
        STORED_OF
        | RULE
        | {"closed_on": "2026-04-03", "indicators": [STORED_MEASURED], "plan_revision": 2, "policy": STORED_POLICY}
        | {"percent": "100", "recommendation": "meets", "measured": 1, "not_measured": 0},
        review.ReviewClosed(
            closed_on=date(2026, 4, 3),
            indicators=(MEASURED,),
            plan_revision=2,
            policy=RecommendationPolicy("p", "1"),
            percent=Decimal(100),
            recommendation=Rating.MEETS,
            measured=1,
            not_measured=0,
            **OF,
            **RULE,
        ),
    ),
    (
        "review.adjusted",
        1,
        {"old_percent": "75", "new_percent": None, "cause": "entry-imported", "cause_source": str(WHAT)},
        review.ReviewAdjusted(old_percent=Decimal(75), new_percent=None, cause="entry-imported", cause_source=WHAT),
    ),
]  # fmt: skip
EVENTS = {name: slice_.events for slice_ in (PLAN, REVIEW) for name in slice_.events.events}


@pytest.mark.parametrize(("name", "schema", "data", "event"), RELEASED, ids=[f"{r[0]} v{r[1]}" for r in RELEASED])
def test_it_loads_as_what_it_was(name: str, schema: int, data: dict[str, Any], event: object) -> None:
    assert EVENTS[name].load(name, schema, data) == event


def test_every_event_has_a_stored_sample_of_each_version() -> None:
    known = {
        (name, version)
        for slice_ in SERVICE.slices
        for name, (newest, _) in slice_.events.events.items()
        for version in range(1, newest + 1)
    }
    assert {(name, schema) for name, schema, _, _ in RELEASED} == known
