"""The recommended rating: a mean of capped achievements against an instansi's thresholds."""

from decimal import Decimal as D
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.rules.achievement import Achievement, Direction, NumberTarget, achievement
from services.appraisal.rules.predicate import Rating
from services.appraisal.rules.recommendation import InvalidPolicy, RecommendationPolicy, recommend

amounts = st.decimals(min_value=0, max_value=300, places=2)
measures = st.lists(st.tuples(amounts, st.integers(1, 97)), min_size=1, max_size=9)


def of(realisation: D | str, target: int = 100) -> Achievement:
    result = achievement(NumberTarget(D(target)), Direction.HIGHER, D(realisation))
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("realisations", "mean", "rounded", "rating"),
    [
        (["110"], "110", 110, Rating.ABOVE),
        (["109.5"], "109.5", 110, Rating.ABOVE),
        (["109.49"], "109.49", 109, Rating.MEETS),
        (["90"], "90", 90, Rating.MEETS),
        (["89.5"], "89.5", 90, Rating.MEETS),
        (["89.49"], "89.49", 89, Rating.BELOW),
        (["0"], "0", 0, Rating.BELOW),
        # Rounded once: 89.50 is what is shown, 89 what counts.
        (["89.495"], "89.5", 89, Rating.BELOW),
        (["100", "57.77", "41.115"], "66.3", 66, Rating.BELOW),
        (["100", "80", "60"], "80", 80, Rating.BELOW),
        (["120", "100"], "110", 110, Rating.ABOVE),
    ],
)
def test_the_mean_is_rounded_half_up_before_it_meets_the_thresholds(
    realisations: list[str], mean: str, rounded: int, rating: Rating
) -> None:
    result = recommend([of(each) for each in realisations])
    assert (result.mean_percent, result.rounded, result.rating) == (D(mean), rounded, rating)


def test_thirds_that_add_up_to_a_half_are_not_lost_in_the_last_digit() -> None:
    # 83 1/3 + 83 1/3 + 91 1/3 + 100 = 358, and 358 / 4 = 89.5.
    result = recommend([of("10", 12), of("10", 12), of("137", 150), of("100")])
    assert (result.mean_percent, result.rounded, result.rating) == (D("89.5"), 90, Rating.MEETS)


def test_one_indicator_counts_at_most_120_so_that_it_cannot_carry_the_others() -> None:
    result = recommend([of("1000"), of("50")])
    assert (result.mean_percent, result.rating) == (D(85), Rating.BELOW)


def test_what_is_not_measured_is_counted_but_never_as_zero() -> None:
    result = recommend([of("100"), None, None])
    assert (result.rating, result.mean_percent) == (Rating.MEETS, D(100))
    assert (result.measured, result.not_measured) == (1, 2)


@pytest.mark.parametrize("nothing", [[], [None], [None, None]])
def test_nothing_measured_recommends_nothing(nothing: list[None]) -> None:
    result = recommend(nothing)
    assert (result.rating, result.mean_percent, result.rounded) == (None, None, None)
    assert (result.measured, result.not_measured) == (0, len(nothing))


def test_an_instansi_may_set_its_own_thresholds_and_the_result_names_them() -> None:
    strict = RecommendationPolicy("kota-medan", "3", above_at=D(105), meets_at=D(95), cap=D(110))
    results = [recommend([of(each)], strict) for each in ("300", "104", "94")]
    assert [each.rating for each in results] == [Rating.ABOVE, Rating.MEETS, Rating.BELOW]
    assert results[0].mean_percent == 110
    assert {(each.rule_id, each.rule_version) for each in results} == {("kota-medan", "3")}


def test_the_default_names_itself_a_policy() -> None:
    result = recommend([of("100")])
    assert (result.rule_id, result.rule_version) == ("policy.recommended-rating", "1")
    assert result.source.startswith("Kebijakan")


@pytest.mark.parametrize(("above", "meets", "cap"), [(90, 90, 120), (80, 90, 120), (110, 90, 109), (110, 0, 120)])
def test_thresholds_that_contradict_one_another_are_refused(above: int, meets: int, cap: int) -> None:
    with pytest.raises(InvalidPolicy):
        RecommendationPolicy(above_at=D(above), meets_at=D(meets), cap=D(cap))


def test_thresholds_may_be_low_and_reach_the_cap() -> None:
    lenient = RecommendationPolicy(above_at=D(110), meets_at=D("0.5"), cap=D(110))
    assert recommend([of("300")], lenient).rating is Rating.ABOVE


@given(measures, st.randoms(use_true_random=False))
def test_the_order_of_indicators_changes_nothing(rows: list[tuple[D, int]], random: Random) -> None:
    achievements = [of(realisation, target) for realisation, target in rows]
    shuffled = list(achievements)
    random.shuffle(shuffled)
    assert recommend(shuffled) == recommend(achievements)


@given(measures, amounts)
def test_doing_better_never_lowers_the_recommendation(rows: list[tuple[D, int]], more: D) -> None:
    rank = [Rating.BELOW, Rating.MEETS, Rating.ABOVE]
    before = recommend([of(realisation, target) for realisation, target in rows])
    after = recommend([of(realisation + more, target) for realisation, target in rows])
    assert before.rating is not None
    assert after.rating is not None
    assert rank.index(before.rating) <= rank.index(after.rating)
    assert before.mean_percent is not None
    assert 0 <= before.mean_percent <= 120
