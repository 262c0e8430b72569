"""SE MenPANRB 3/2023: which distributions of predikat depart from the pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.rules.distribution import Bound, InvalidCount, OrganisationPredicate, check_distribution
from services.appraisal.rules.predicate import Predicate

ISTIMEWA, BAIK, CUKUP, KURANG, BURUK = OrganisationPredicate
SB, B, BP, K, SK = Predicate
AT_MOST, AT_LEAST, LARGEST, PRESENT = Bound.AT_MOST, Bound.AT_LEAST, Bound.LARGEST, Bound.PRESENT


@pytest.mark.parametrize(
    ("organisation", "people", "broken"),
    [
        (ISTIMEWA, {SB: 7, B: 3}, []),
        (ISTIMEWA, {SB: 8, B: 2}, [(AT_MOST, {SB}, 8)]),
        (ISTIMEWA, {SB: 5, B: 5}, []),
        (ISTIMEWA, {SB: 4, B: 6}, [(LARGEST, {SB}, 4)]),
        (BAIK, {B: 7, BP: 1, SB: 2}, []),
        (BAIK, {B: 7, K: 1, SB: 2}, []),
        (BAIK, {B: 7, SB: 3}, [(PRESENT, {BP, K}, 0)]),
        (BAIK, {B: 8, BP: 2}, [(AT_MOST, {B}, 8)]),
        (BAIK, {SB: 10}, [(LARGEST, {B}, 0), (PRESENT, {BP, K}, 0)]),
        (CUKUP, {BP: 6, B: 3, SB: 1}, []),
        (CUKUP, {BP: 6, B: 2, SB: 2}, [(AT_MOST, {SB}, 2)]),
        (CUKUP, {BP: 5, B: 5}, [(AT_LEAST, {BP}, 5)]),
        (KURANG, {K: 6, BP: 1, SB: 1, B: 2}, []),
        (KURANG, {K: 6, B: 4}, [(AT_LEAST, {BP}, 0)]),
        (KURANG, {K: 5, BP: 3, SB: 2}, [(AT_LEAST, {K}, 5), (AT_MOST, {SB}, 2)]),
        (BURUK, {SK: 6, K: 1, B: 3}, []),
        (BURUK, {SK: 6, BP: 1, B: 3}, []),
        (BURUK, {SK: 6, B: 4}, [(AT_LEAST, {K, BP}, 0)]),
        (BURUK, {SK: 6, K: 3, SB: 1}, [(AT_MOST, {SB}, 1)]),
    ],
)
def test_ten_people_against_each_sentence_of_the_circular(
    organisation: OrganisationPredicate,
    people: dict[Predicate, int],
    broken: list[tuple[Bound, set[Predicate], int]],
) -> None:
    found = check_distribution(organisation, people).deviations
    assert [(each.limit.bound, set(each.limit.predicates), each.people) for each in found] == broken
    assert all(each.of == 10 for each in found)


@pytest.mark.parametrize("organisation", list(OrganisationPredicate))
def test_a_unit_without_people_departs_from_nothing(organisation: OrganisationPredicate) -> None:
    assert check_distribution(organisation, {SB: 0}).deviations == ()


def test_a_unit_too_small_to_keep_the_pattern_is_reported_like_others() -> None:
    bounds = [each.limit.bound for each in check_distribution(BAIK, {B: 1}).deviations]
    assert bounds == [AT_MOST, PRESENT]


@pytest.mark.parametrize(
    ("organisation", "kept", "one_too_far"),
    [
        (ISTIMEWA, {SB: 700, B: 300}, {SB: 701, B: 299}),
        (BAIK, {B: 700, SB: 299, K: 1}, {B: 701, SB: 298, K: 1}),
        (CUKUP, {BP: 600, B: 400}, {BP: 599, B: 401}),
        (CUKUP, {BP: 900, SB: 100}, {BP: 899, SB: 101}),
        (KURANG, {K: 600, BP: 100, B: 300}, {K: 599, BP: 100, B: 301}),
        (KURANG, {K: 600, BP: 100, B: 300}, {K: 600, BP: 99, B: 301}),
        (KURANG, {K: 800, BP: 100, SB: 100}, {K: 799, BP: 100, SB: 101}),
        (BURUK, {SK: 600, K: 100, B: 300}, {SK: 599, K: 100, B: 301}),
        (BURUK, {SK: 900, K: 50, BP: 50}, {SK: 901, K: 50, BP: 49}),
        (BURUK, {SK: 900, K: 100}, {SK: 899, K: 100, SB: 1}),
    ],
)
def test_shares_are_exact_to_the_person(
    organisation: OrganisationPredicate, kept: dict[Predicate, int], one_too_far: dict[Predicate, int]
) -> None:
    assert check_distribution(organisation, kept).deviations == ()
    assert len(check_distribution(organisation, one_too_far).deviations) == 1


def test_fewer_than_no_people_are_refused() -> None:
    with pytest.raises(InvalidCount):
        check_distribution(BAIK, {B: 5, K: -1})


def test_a_check_names_its_rule_and_an_organisation_its_official_term() -> None:
    assert check_distribution(BAIK, {}).rule_id == "se-menpanrb-3-2023.pola-distribusi"
    labels = [each.label for each in OrganisationPredicate]
    assert labels == ["Istimewa", "Baik", "Butuh Perbaikan", "Kurang", "Sangat Kurang"]


@given(
    st.sampled_from(OrganisationPredicate),
    st.dictionaries(st.sampled_from(Predicate), st.integers(0, 40)),
    st.integers(2, 9),
)
def test_only_proportions_matter(
    organisation: OrganisationPredicate, people: dict[Predicate, int], factor: int
) -> None:
    larger = {predicate: count * factor for predicate, count in people.items()}
    one = [each.limit for each in check_distribution(organisation, people).deviations]
    other = [each.limit for each in check_distribution(organisation, larger).deviations]
    assert one == other
