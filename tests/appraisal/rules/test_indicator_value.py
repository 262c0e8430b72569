"""PermenPANRB 8/2021 p. 101: category and value of capaian IKI."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.rules.achievement import InvalidRealisation
from services.appraisal.rules.indicator_value import Category, indicator_value

SB, B, C, K, SK = (
    Category.SANGAT_BAIK,
    Category.BAIK,
    Category.CUKUP,
    Category.KURANG,
    Category.SANGAT_KURANG,
)


@pytest.mark.parametrize(
    ("percent", "category", "value"),
    [
        (125, SB, 120),
        (111, SB, 120),
        (110, SB, 120),
        (101, SB, 110),
        (100, B, 109),
        (99, C, 89),
        (80, C, 70),
        (79, K, 69),
        (60, K, 50),
        (59, SK, 49),
        (0, SK, 0),
    ],
)
def test_the_published_values_and_every_edge_of_a_category(percent: int, category: Category, value: int) -> None:
    result = indicator_value(percent)
    assert (result.category, result.value) == (category, D(value))


@pytest.mark.parametrize(("percent", "value"), [(104, "113.33"), (95, "85"), (70, "60"), (30, "24.92")])
def test_inside_a_category_the_value_lies_on_its_line(percent: int, value: str) -> None:
    assert abs(indicator_value(percent).value - D(value)) < D("0.005")


@pytest.mark.parametrize(("percent", "category", "value"), [(100, SB, 120), (105, SB, 120), (99, C, 89), (59, SK, 49)])
def test_reaching_the_most_that_can_be_reached_is_worth_120(percent: int, category: Category, value: int) -> None:
    result = indicator_value(percent, maximum_target=True)
    assert (result.category, result.value) == (category, D(value))


def test_less_than_nothing_is_refused() -> None:
    with pytest.raises(InvalidRealisation):
        indicator_value(-1)


def test_a_value_names_its_rule() -> None:
    result = indicator_value(100)
    assert (result.rule_id, result.rule_version) == ("permenpanrb-8-2021.nilai-iki", "1")


def test_categories_are_shown_by_their_official_names() -> None:
    assert [each.label for each in Category] == ["Sangat Baik", "Baik", "Cukup", "Kurang", "Sangat Kurang"]


@given(st.integers(0, 300), st.integers(0, 300), st.booleans())
def test_a_higher_achievement_is_never_worth_less(one: int, other: int, maximum_target: bool) -> None:
    less, more = sorted((one, other))
    low = indicator_value(less, maximum_target=maximum_target).value
    high = indicator_value(more, maximum_target=maximum_target).value
    assert 0 <= low <= high <= 120
