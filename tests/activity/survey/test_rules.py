"""PermenPANRB 14/2017: IKM by hand-worked surveys, its printed bands, and what is refused."""

from collections.abc import Sequence
from decimal import Decimal as D
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.activity.survey.rules import (
    InvalidAnswer,
    InvalidSums,
    Quality,
    SatisfactionIndex,
    check_answer,
    quality_of,
    satisfaction_index,
    sums_of,
)

A, B, C, TD = Quality
answers = st.lists(st.lists(st.integers(1, 4), min_size=9, max_size=9), min_size=1, max_size=30)


def index_of(*given_answers: Sequence[int], legacy_weight: bool = False) -> SatisfactionIndex:
    result = satisfaction_index(*sums_of(given_answers), legacy_weight=legacy_weight)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("scores", "exact", "legacy", "quality"),
    [
        ([4] * 9, "100.00", "99.90", A),
        ([1] * 9, "25.00", "24.98", TD),
        ([3] * 9, "75.00", "74.93", C),
        ([3, 3, 4, 4, 3, 3, 4, 3, 3], "83.33", "83.25", B),
    ],
)
def test_one_respondent_with_either_weight(scores: list[int], exact: str, legacy: str, quality: Quality) -> None:
    result = index_of(scores)
    assert (str(result.rounded), result.quality) == (exact, quality)
    assert str(index_of(scores, legacy_weight=True).rounded) == legacy


def test_an_index_keeps_the_mean_of_each_element() -> None:
    result = index_of([4, 3, 3, 3, 3, 3, 3, 3, 1], [3, 3, 3, 3, 3, 3, 3, 3, 2])
    assert result.elements == (D("3.5"), *[D(3)] * 7, D("1.5"))
    assert (result.respondents, str(result.rounded)) == (2, "72.22")


def test_the_two_weights_are_told_apart_by_rule() -> None:
    ids = [index_of([3] * 9, legacy_weight=legacy).rule_id for legacy in (False, True)]
    assert ids == ["permenpanrb-14-2017.ikm", "permenpanrb-14-2017.ikm-0.111"]


@pytest.mark.parametrize(
    ("index", "quality"),
    [
        ("25", TD),
        ("64.99", TD),
        ("64.994", TD),
        ("64.995", C),
        ("65", C),
        ("76.60", C),
        ("76.604", C),
        ("76.605", B),
        ("76.61", B),
        ("88.30", B),
        ("88.305", A),
        ("88.31", A),
        ("100", A),
    ],
)
def test_the_index_is_rounded_before_it_is_banded(index: str, quality: Quality) -> None:
    assert quality_of(D(index)) is quality


def test_five_thousand_respondents_in_the_gap_between_two_printed_bands() -> None:
    result = satisfaction_index([15321] * 9, 5000)
    assert result is not None
    assert (result.value, str(result.rounded), result.quality) == (D("76.605"), "76.61", B)


def test_no_respondents_are_not_measured() -> None:
    assert satisfaction_index(*sums_of([])) is None


@pytest.mark.parametrize(
    "scores",
    [
        [],
        [3] * 8,
        [3] * 10,
        [3] * 8 + [0],
        [3] * 8 + [5],
        [3] * 8 + [-1],
        [3] * 8 + [True],
        [3] * 8 + [3.0],
        [3] * 8 + ["3"],
        [3] * 8 + [None],
    ],
)
def test_anything_but_nine_whole_scores_of_one_to_four_is_refused(scores: list[int]) -> None:
    with pytest.raises(InvalidAnswer):
        check_answer(scores)
    with pytest.raises(InvalidAnswer):
        sums_of([[3] * 9, scores])


@pytest.mark.parametrize(
    ("sums", "respondents"),
    [
        ([9] * 9, 2),
        ([9] * 9, 10),
        ([3] * 8, 1),
        ([3] * 9, 0),
        ([-3] * 9, -1),
    ],
)
def test_sums_that_no_answers_can_give_are_refused(sums: list[int], respondents: int) -> None:
    with pytest.raises(InvalidSums):
        satisfaction_index(sums, respondents)


def test_services_are_named_by_their_official_terms() -> None:
    assert [each.label for each in Quality] == ["Sangat baik", "Baik", "Kurang baik", "Tidak baik"]


@given(answers)
def test_the_index_lies_between_25_and_100_and_the_printed_weight_never_raises_it(surveys: list[list[int]]) -> None:
    exact = index_of(*surveys)
    assert 25 <= exact.value <= 100
    assert index_of(*surveys, legacy_weight=True).value < exact.value


@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_answers_changes_nothing(surveys: list[list[int]], random: Random) -> None:
    shuffled = list(surveys)
    random.shuffle(shuffled)
    assert index_of(*shuffled) == index_of(*surveys)


@given(answers, st.integers(0, 8))
def test_a_happier_answer_never_lowers_the_index(surveys: list[list[int]], element: int) -> None:
    happier = [list(each) for each in surveys]
    happier[0][element] = 4
    assert index_of(*happier).value >= index_of(*surveys).value
