"""From facts to a score, by hand."""

from decimal import Decimal
from typing import Any, get_args

import pytest

from services.appraisal.plan.events import Measure
from services.appraisal.review.explain import FORMULAS
from services.appraisal.review.measure import Entries, Facts, Manual, Records, score
from services.appraisal.rules.achievement import (
    Direction,
    NumberTarget,
    PercentTarget,
    RangeTarget,
    Target,
    ZeroRule,
    achievement,
)
from services.appraisal.rules.recommendation import RecommendationPolicy
from tests.appraisal.world import indicator, name

POLICY = RecommendationPolicy()
ID = name("examinations")


def one(facts: Facts, **of: Any) -> Any:
    [measured], _ = score([(name("rhk"), indicator(**of))], facts, POLICY)
    return measured


def test_quantities_are_summed_and_entries_counted() -> None:
    facts = Facts(entries={ID: Entries(counted=3, quantity=Decimal("12.50"), waiting=2)})
    measured = one(facts, target=20)
    assert (measured.realisation, measured.percent, measured.counted, measured.waiting) == (
        Decimal("12.5"),
        Decimal("62.5"),
        3,
        2,
    )
    assert str(one(facts, target=20).realisation) == "12.5"
    assert one(facts, target=4, measure="count").percent == Decimal(75)


@pytest.mark.parametrize("measure", get_args(Measure))
def test_without_any_fact_nothing_is_measured_and_nothing_is_zero(measure: str) -> None:
    measured = one(Facts(entries={ID: Entries(waiting=1, lapsed=2)}), measure=measure)
    assert (measured.realisation, measured.percent, measured.rounded, measured.formula) == (None, None, None, None)


def test_a_quantity_of_zero_that_was_verified_is_measured() -> None:
    assert one(Facts(entries={ID: Entries(counted=1)})).percent == 0


def test_records_without_a_due_time_have_a_duration_but_are_not_judged() -> None:
    facts = Facts(
        records={
            "ktp": Records(ended=2, judged=2, on_time=1, seconds=Decimal(3 * 86_400)),
            "akta": Records(ended=2, judged=0, on_time=0, seconds=Decimal("86400.5")),
        }
    )
    assert one(facts, measure="on_time_share", target=80).realisation == 50
    assert one(facts, measure="mean_duration", product="ktp").realisation == Decimal("1.50")
    # (3 d + 1 d + 0.5 s) / 4 = 1.0000014 d
    assert one(facts, measure="mean_duration").realisation == Decimal("1.00")
    assert one(facts, measure="on_time_share", product="akta").realisation is None


def test_a_mean_duration_is_rounded_half_up_to_hundredths_of_a_day() -> None:
    facts = Facts(records={"ktp": Records(ended=8, seconds=Decimal(86_400) * Decimal("16.04"))})
    assert one(facts, measure="mean_duration").realisation == Decimal("2.01")


def test_a_stated_realisation_counts_only_when_confirmed() -> None:
    assert one(Facts(manual={ID: Manual(Decimal(5), True)}), measure="manual", target=10).percent == 50
    waiting = one(Facts(manual={ID: Manual(Decimal(5), False)}), measure="manual", target=10)
    assert (waiting.percent, waiting.waiting) == (None, 1)


def test_the_mean_leaves_out_what_was_not_measured_and_caps_what_is_far_above() -> None:
    facts = Facts(
        entries={ID: Entries(counted=1, quantity=Decimal(100)), name("b"): Entries(counted=1, quantity=Decimal(9))}
    )
    indicators = [indicator(target=20), indicator("b", 10), indicator("c", 10)]
    measured, recommended = score([(name("rhk"), each) for each in indicators], facts, POLICY)
    assert [each.percent for each in measured] == [Decimal(500), Decimal(90), None]
    # (120 + 90) / 2
    assert (recommended.mean_percent, recommended.rating) == (Decimal(105), "meets")
    assert (recommended.measured, recommended.not_measured) == (2, 1)


CASES: list[tuple[Target, Direction, int]] = [
    (NumberTarget(Decimal(20)), Direction.HIGHER, 10),
    (PercentTarget(Decimal(20)), Direction.LOWER, 10),
    (RangeTarget(Decimal(7), Decimal(8)), Direction.LOWER, 6),
    (RangeTarget(Decimal(7), Decimal(8)), Direction.HIGHER, 9),
    (RangeTarget(Decimal(7), Decimal(9)), Direction.HIGHER, 8),
    (NumberTarget(Decimal(0)), Direction.LOWER, 1),
]


@pytest.mark.parametrize(("target", "direction", "realised"), CASES)
def test_every_formula_has_words(target: Target, direction: Direction, realised: int) -> None:
    reached = achievement(target, direction, Decimal(realised), ZeroRule.MEETS_IF_ZERO)
    assert reached is not None
    assert FORMULAS[reached.formula]
