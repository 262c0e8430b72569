"""PP 30/2019, PP 46/2011 and PerKa BKN 1/2013: published vectors recomputed by hand, and properties."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.appraisal.rules.indicator_value import Category
from services.appraisal.rules.numeric import (
    Aspect,
    InvalidScore,
    Weighting,
    activity_value,
    final_value,
    from_pp46,
    pp46_value,
)

SB, B, C, K, SK = Category
ALONE, PEERS = Weighting.SUPERIOR_ONLY, Weighting.WITH_PEERS
MET = Aspect(D(10), D(10))
scores = st.decimals(min_value=0, max_value=120, places=2)
old_scores = st.decimals(min_value=0, max_value=110, places=2)


@pytest.mark.parametrize(
    ("skp", "behaviour", "alone", "peers", "category"),
    [
        (120, 120, "120.00", "120.00", B),
        (112, 105, "109.90", "109.20", B),
        (100, 100, "100.00", "100.00", B),
        (70, 60, "67.00", "66.00", K),
        (60, 45, "55.50", "54.00", K),
    ],
)
def test_the_vectors_of_pp_30_2019(skp: int, behaviour: int, alone: str, peers: str, category: Category) -> None:
    results = [final_value(D(skp), D(behaviour), each, new_idea=False) for each in (ALONE, PEERS)]
    assert [str(each.rounded) for each in results] == [alone, peers]
    assert results[0].category is category


@pytest.mark.parametrize(
    ("value", "new_idea", "category"),
    [
        ("120", True, SB),
        ("110", True, SB),
        ("110", False, B),
        ("109.99", True, B),
        ("109.999", True, B),
        ("90", False, B),
        ("89.99", False, C),
        ("70", False, C),
        ("69.99", False, K),
        ("50", False, K),
        ("49.99", False, SK),
        ("0", True, SK),
    ],
)
def test_every_edge_of_a_band_of_pp_30_2019(value: str, new_idea: bool, category: Category) -> None:
    for weighting in Weighting:
        assert final_value(D(value), D(value), weighting, new_idea=new_idea).category is category


def test_an_skp_value_above_120_counts_as_120() -> None:
    assert final_value(D(150), D(100), ALONE, new_idea=False).value == D(114)


@pytest.mark.parametrize(("skp", "behaviour"), [("-1", "90"), ("90", "120.01"), ("90", "-1"), ("NaN", "90")])
def test_a_score_off_the_scale_is_refused(skp: str, behaviour: str) -> None:
    with pytest.raises(InvalidScore):
        final_value(D(skp), D(behaviour), ALONE, new_idea=False)


@given(scores, scores, scores, st.sampled_from(Weighting), st.booleans())
def test_a_better_skp_never_gives_a_worse_predikat(
    one: D, other: D, behaviour: D, weighting: Weighting, new_idea: bool
) -> None:
    rank = [SK, K, C, B, SB]
    low, high = (final_value(each, behaviour, weighting, new_idea=new_idea) for each in sorted((one, other)))
    assert 0 <= low.value <= high.value <= 120
    assert rank.index(low.category) <= rank.index(high.category)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0", "0"),
        ("50", "49"),
        ("51", "50"),
        ("60", "69"),
        ("61", "70"),
        ("75", "89"),
        ("76", "90"),
        ("90", "109"),
        ("91", "110"),
        ("98", "118.75"),
        ("99", "120"),
        ("100", "120"),
        ("50.5", "49.49"),
        ("60.9", "70"),
        ("75.9", "90"),
        ("90.9", "110"),
        ("68", "79.5"),
        ("55.5", "59.5"),
        ("64.5", "74.75"),
        ("79.5", "94.75"),
        ("91.4", "110.5"),
        ("99.5", "120"),
    ],
)
def test_pp_46_values_on_the_scale_of_pp_30(old: str, new: str) -> None:
    assert from_pp46(D(old)).value == D(new)


@given(old_scores, old_scores)
def test_a_better_old_value_is_never_converted_to_a_worse_one(one: D, other: D) -> None:
    low, high = (from_pp46(each).value for each in sorted((one, other)))
    assert 0 <= low <= high <= 120


def test_a_negative_old_value_is_refused() -> None:
    with pytest.raises(InvalidScore):
        from_pp46(D("-0.01"))


@pytest.mark.parametrize(
    ("target", "realised", "score"),
    [
        (12, 12, "76.00"),
        (12, 11, "84.33"),
        (12, 10, "92.67"),
        (100, 76, "100.00"),
        (100, 75, "75.00"),
        (100, 0, "0.00"),
        (12, 13, "67.67"),
        (12, 24, "-24.00"),
    ],
)
def test_the_time_aspect_of_perka_bkn_1_2013(target: int, realised: int, score: str) -> None:
    result = activity_value(MET, MET, Aspect(D(target), D(realised)))
    assert abs(result.time - D(score)) < D("0.005")


def test_the_value_of_an_activity_is_the_mean_of_the_aspects_used() -> None:
    quantity, quality = Aspect(D(12), D(9)), Aspect(D(100), D(85))
    three = activity_value(quantity, quality, Aspect(D(12), D(12)))
    assert (three.quantity, three.quality, three.time, three.cost) == (D(75), D(85), D(76), None)
    assert str(three.rounded) == "78.67"
    four = activity_value(quantity, quality, Aspect(D(12), D(12)), Aspect(D(100), D(76)))
    assert (four.cost, four.value) == (D(100), D(84))


def test_what_was_not_done_saves_neither_time_nor_cost() -> None:
    quality, time, cost = Aspect(D(100), D(0)), Aspect(D(12), D(12)), Aspect(D(9), D(9))
    nothing = activity_value(Aspect(D(5), D(0)), quality, time, cost)
    assert (nothing.time, nothing.cost, nothing.value) == (D(0), D(0), D(0))
    little = activity_value(Aspect(D(5), D("0.5")), quality, time, cost)
    assert (little.time, little.cost) == (D(76), D(76))


@pytest.mark.parametrize(
    ("target", "realised"), [("0", "1"), ("-1", "1"), ("1", "-1"), ("NaN", "1"), ("1E-30", "1E15"), ("1", "1E16")]
)
def test_an_impossible_aspect_is_refused(target: str, realised: str) -> None:
    with pytest.raises(InvalidScore):
        activity_value(MET, MET, MET, Aspect(D(target), D(realised)))


@given(st.decimals(), st.decimals())
def test_any_decimals_give_an_activity_value_or_a_refusal(target: D, realised: D) -> None:
    try:
        result = activity_value(MET, MET, Aspect(target, realised))
    except InvalidScore:
        return
    assert result.rounded.is_finite()


def test_the_old_final_value_is_60_percent_skp_and_40_percent_behaviour() -> None:
    assert str(pp46_value(D("88.18"), D("80.50")).rounded) == "85.11"


def test_each_value_names_its_own_rule() -> None:
    named = [
        final_value(D(90), D(90), ALONE, new_idea=False).rule_id,
        from_pp46(D(80)).rule_id,
        activity_value(MET, MET, MET).rule_id,
        pp46_value(D(80), D(80)).rule_id,
    ]
    assert named == [
        "pp-30-2019.nilai-kinerja",
        "pp-46-2011.konversi",
        "perka-bkn-1-2013.capaian-skp",
        "perka-bkn-1-2013.nilai-prestasi",
    ]
