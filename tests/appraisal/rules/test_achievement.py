"""PermenPANRB 8/2021: worked cases of the regulation (recomputed by hand) and properties of the formulas."""

import json
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.rules.achievement import (
    Achievement,
    Direction,
    InvalidRealisation,
    InvalidTarget,
    NumberTarget,
    PercentTarget,
    RangeTarget,
    Target,
    ZeroRule,
    ZeroTargetNeedsRule,
    achievement,
)
from shared.eventstore.registry import Registry

HIGHER, LOWER = Direction.HIGHER, Direction.LOWER

amounts = st.decimals(min_value=0, max_value=10**9, places=2)
targets = st.decimals(min_value="0.01", max_value=10**9, places=2)
directions = st.sampled_from(Direction)


def measured(target: Target, direction: Direction, realisation: str) -> Achievement:
    result = achievement(target, direction, D(realisation), ZeroRule.MEETS_IF_ZERO)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("target", "direction", "realisation", "percent", "rounded", "formula"),
    [
        (NumberTarget(D(85)), HIGHER, "85", "100", 100, "8/2021-normal"),
        (NumberTarget(D(20)), HIGHER, "12", "60", 60, "8/2021-normal"),
        (PercentTarget(D("61.95")), HIGHER, "50", "80.71", 81, "8/2021-normal"),
        (NumberTarget(D(10)), HIGHER, "25", "250", 250, "8/2021-normal"),
        (NumberTarget(D(10)), LOWER, "8", "120", 120, "8/2021-special"),
        (NumberTarget(D(10)), LOWER, "15", "50", 50, "8/2021-special"),
        (NumberTarget(D(10)), LOWER, "0", "200", 200, "8/2021-special"),
        (RangeTarget(D(80), D(90)), HIGHER, "92", "102.22", 102, "8/2021-range-normal"),
        (RangeTarget(D(80), D(90)), HIGHER, "70", "87.5", 88, "8/2021-range-normal"),
        (RangeTarget(D(7), D(8)), LOWER, "6.5", "107.14", 107, "8/2021-range-special"),
        (RangeTarget(D(7), D(8)), LOWER, "10", "75", 75, "8/2021-range-special"),
        (RangeTarget(D(80), D(90)), HIGHER, "80", "100", 100, "8/2021-range-inside"),
        (RangeTarget(D(80), D(90)), HIGHER, "90", "100", 100, "8/2021-range-inside"),
        (RangeTarget(D(7), D(8)), LOWER, "7.5", "100", 100, "8/2021-range-inside"),
    ],
)
def test_the_cases_of_the_regulation_and_others_worked_by_hand(
    target: Target, direction: Direction, realisation: str, percent: str, rounded: int, formula: str
) -> None:
    result = measured(target, direction, realisation)
    assert abs(result.percent - D(percent)) < D("0.005")
    assert (result.rounded, result.formula) == (rounded, formula)


def test_the_slip_printed_in_the_regulation_is_not_copied() -> None:
    assert measured(RangeTarget(D(80), D(90)), HIGHER, "92").rounded != 113


@pytest.mark.parametrize(
    ("realisation", "rounded"),
    [("99.4", 99), ("99.49", 99), ("99.5", 100), ("100.4", 100), ("100.5", 101), ("100.6", 101), ("0.5", 1)],
)
def test_percent_is_kept_exact_and_rounded_half_up_beside_it(realisation: str, rounded: int) -> None:
    result = measured(NumberTarget(D(100)), HIGHER, realisation)
    assert (result.percent, result.rounded) == (D(realisation), rounded)


def test_a_result_names_its_rule_version_and_legal_source() -> None:
    result = measured(NumberTarget(D(1)), HIGHER, "1")
    assert (result.rule_id, result.rule_version) == ("permenpanrb-8-2021.capaian-iki", "1")
    assert "PermenPANRB 8/2021" in result.source


@pytest.mark.parametrize("target", [NumberTarget(D(5)), PercentTarget(D(5)), RangeTarget(D(1), D(5))])
@pytest.mark.parametrize("direction", list(Direction))
def test_no_realisation_is_not_measured(target: Target, direction: Direction) -> None:
    assert achievement(target, direction, None) is None


def test_no_realisation_of_a_zero_target_is_not_measured_either() -> None:
    assert achievement(NumberTarget(D(0)), LOWER, None, ZeroRule.MEETS_IF_ZERO) is None


@pytest.mark.parametrize(("realisation", "percent"), [("0", 100), ("0.01", 0), ("1", 0), ("300", 0)])
def test_a_zero_target_is_met_only_by_zero(realisation: str, percent: int) -> None:
    result = measured(NumberTarget(D(0)), LOWER, realisation)
    assert (result.percent, result.rounded) == (D(percent), percent)
    assert result.formula == "policy-meets-if-zero"
    assert result.rule_id == "policy.zero-target"


@pytest.mark.parametrize("realisation", [None, D(0), D(3)])
def test_a_zero_target_without_rule_is_refused_before_anything_is_measured(realisation: D | None) -> None:
    with pytest.raises(ZeroTargetNeedsRule, match="meets_if_zero"):
        achievement(PercentTarget(D("0.00")), LOWER, realisation)


def test_a_zero_target_means_nothing_when_higher_is_better() -> None:
    with pytest.raises(InvalidTarget, match="above zero"):
        achievement(NumberTarget(D(0)), HIGHER, D(5), ZeroRule.MEETS_IF_ZERO)


def test_a_range_from_zero_needs_no_zero_rule() -> None:
    incidents = RangeTarget(D(0), D(5))
    assert [achievement(incidents, LOWER, D(n)).percent for n in (0, 5, 6, 10, 99)] == [100, 100, 80, 0, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize(("direction", "percent"), [(HIGHER, 0), (LOWER, 100)])
def test_below_a_range_from_zero_only_better_or_worse_is_known(direction: Direction, percent: int) -> None:
    assert measured(RangeTarget(D(0), D(5)), direction, "-1").percent == percent


@pytest.mark.parametrize(
    "target",
    [
        NumberTarget(D("NaN")),
        NumberTarget(D("Infinity")),
        NumberTarget(D(-1)),
        NumberTarget(D("1E16")),
        NumberTarget(D("1E-7")),
        PercentTarget(D("sNaN")),
        RangeTarget(D(5), D(5)),
        RangeTarget(D(9), D(8)),
        RangeTarget(D(-1), D(8)),
        RangeTarget(D(1), D("Infinity")),
    ],
)
def test_an_impossible_target_is_refused(target: Target) -> None:
    with pytest.raises(InvalidTarget):
        achievement(target, LOWER, D(1), ZeroRule.MEETS_IF_ZERO)


@pytest.mark.parametrize("realisation", ["NaN", "sNaN", "Infinity", "-Infinity", "1E16", "-1E999999"])
def test_an_impossible_realisation_is_refused(realisation: str) -> None:
    with pytest.raises(InvalidRealisation):
        achievement(NumberTarget(D(1)), HIGHER, D(realisation))


def test_the_largest_amounts_are_still_measured() -> None:
    assert measured(NumberTarget(D("1E15")), HIGHER, "1E15").rounded == 100
    assert measured(NumberTarget(D("0.000001")), HIGHER, "1E15").percent == D("1E23")


@given(st.decimals(), st.decimals(), directions, st.decimals())
def test_any_decimals_give_a_result_or_a_refusal(lo: D, hi: D, direction: Direction, realisation: D) -> None:
    for target in (NumberTarget(lo), PercentTarget(hi), RangeTarget(lo, hi)):
        with suppress(InvalidTarget, InvalidRealisation):
            assert measured(target, direction, str(realisation)).percent >= 0


@given(targets, amounts, amounts)
def test_more_never_scores_less_when_higher_is_better(target: D, one: D, other: D) -> None:
    less, more = sorted((one, other))
    for kind in (NumberTarget(target), RangeTarget(target, target + 1)):
        assert measured(kind, HIGHER, str(less)).percent <= measured(kind, HIGHER, str(more)).percent


@given(targets, amounts, amounts)
def test_more_never_scores_more_when_lower_is_better(target: D, one: D, other: D) -> None:
    less, more = sorted((one, other))
    for kind in (NumberTarget(target), RangeTarget(target, target + 1)):
        assert measured(kind, LOWER, str(less)).percent >= measured(kind, LOWER, str(more)).percent


@given(targets, directions)
def test_what_was_agreed_is_100_percent_in_both_directions(target: D, direction: Direction) -> None:
    assert measured(NumberTarget(target), direction, str(target)).percent == 100


@given(targets, amounts, directions)
def test_rounding_moves_at_most_half_a_percent_and_half_goes_up(
    target: D, realisation: D, direction: Direction
) -> None:
    result = measured(NumberTarget(target), direction, str(realisation))
    assert D("-0.5") < result.percent - result.rounded < D("0.5") or result.rounded - result.percent == D("0.5")


@dataclass(frozen=True)
class Planned:
    """An event that carries a target, as a plan does."""

    target: Target


@pytest.mark.parametrize(
    ("target", "stored"),
    [
        (NumberTarget(D("5.50")), '{"target":{"value":"5.50","kind":"number"}}'),
        (PercentTarget(D(5)), '{"target":{"value":"5","kind":"percent"}}'),
        (RangeTarget(D(1), D("2.5")), '{"target":{"lo":"1","hi":"2.5","kind":"range"}}'),
    ],
)
def test_a_target_in_an_event_is_stored_as_decimal_strings_and_comes_back_equal(target: Target, stored: str) -> None:
    registry = Registry({"planned": (1, Planned)})
    name, schema, text = registry.dump(Planned(target))
    assert text == stored
    assert registry.load(name, schema, json.loads(text)) == Planned(target)
