"""Job person match: the vectors worked by hand, its bands and the cap."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.rules.job_person_match import (
    CompetencyLevel,
    InvalidLevel,
    JobPersonMatch,
    Purpose,
    Suitability,
    job_person_match,
)

MS, MMS, KMS, O, CO, KO = Suitability  # noqa: E741 the official abbreviations
SELECTION, MAPPING = Purpose


def match(
    own: list[int], standards: list[int], purpose: Purpose = SELECTION, *, capped: bool = False
) -> JobPersonMatch:
    levels = [CompetencyLevel(standard, level) for standard, level in zip(standards, own, strict=True)]
    result = job_person_match(levels, purpose, capped=capped)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("own", "percent", "suitability"),
    [
        ([3] * 9, "100.00", MS),
        ([3, 3, 3, 2, 3, 2, 3, 3, 3], "92.59", MS),
        ([2, 2, 2, 2, 2, 2, 2, 2, 3], "70.37", MMS),
        ([2] * 9, "66.67", KMS),
        ([4] * 9, "133.33", MS),
    ],
)
def test_nine_competencies_against_a_standard_of_three(own: list[int], percent: str, suitability: Suitability) -> None:
    result = match(own, [3] * 9)
    assert (str(result.rounded), result.suitability) == (percent, suitability)


def test_capped_levels_stop_at_the_standard_and_can_change_the_category() -> None:
    assert str(match([4] * 9, [3] * 9, capped=True).rounded) == "100.00"
    own = [5, 2, 2, 2]
    free, capped = match(own, [3] * 4), match(own, [3] * 4, capped=True)
    assert (str(free.rounded), free.suitability, free.capped) == ("91.67", MS, False)
    assert (str(capped.rounded), capped.suitability, capped.capped) == ("75.00", MMS, True)


@pytest.mark.parametrize(
    ("reached", "selection", "mapping"),
    [
        (90, MS, O),
        (89, MS, CO),
        (80, MS, CO),
        (79, MMS, CO),
        (78, MMS, CO),
        (77, MMS, KO),
        (68, MMS, KO),
        (67, KMS, KO),
    ],
)
def test_every_edge_of_a_band(reached: int, selection: Suitability, mapping: Suitability) -> None:
    standards = [5] * 20
    own = [reached // 20 + (1 if index < reached % 20 else 0) for index in range(20)]
    assert match(own, standards).suitability is selection
    assert match(own, standards, MAPPING).suitability is mapping


@pytest.mark.parametrize("levels", [[], [CompetencyLevel(3, None)], [CompetencyLevel(3, 3), CompetencyLevel(2, None)]])
def test_a_missing_level_makes_the_match_not_measured(levels: list[CompetencyLevel]) -> None:
    assert job_person_match(levels, SELECTION, capped=True) is None


@pytest.mark.parametrize(("standard", "own"), [(0, 3), (6, 3), (3, 0), (3, 6), (0, None)])
def test_a_level_off_the_scale_is_refused(standard: int, own: int | None) -> None:
    with pytest.raises(InvalidLevel):
        job_person_match([CompetencyLevel(standard, own)], SELECTION, capped=True)


pairs = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=20)


@given(pairs)
def test_capped_is_never_more_than_100_nor_than_uncapped(levels: list[tuple[int, int]]) -> None:
    standards, own = [each[0] for each in levels], [each[1] for each in levels]
    capped, free = match(own, standards, capped=True), match(own, standards)
    assert 0 < capped.percent <= 100
    assert capped.percent <= free.percent


@given(pairs)
def test_meeting_every_standard_is_100_percent_either_way(levels: list[tuple[int, int]]) -> None:
    standards = [each[0] for each in levels]
    assert match(standards, standards).percent == match(standards, standards, capped=True).percent == D(100)


def test_a_match_names_its_rule_and_shows_official_terms() -> None:
    result = match([3], [3])
    assert (result.rule_id, result.suitability.label) == ("permenpanrb-38-2017.jpm", "Memenuhi Syarat")
