"""PermenPANRB 6/2022: the nine cells of the matrix, and the wrong ones seen elsewhere."""

import pytest

from services.appraisal.rules.predicate import Predicate, Rating, predicate_of

DA, S, DB = Rating.ABOVE, Rating.MEETS, Rating.BELOW


@pytest.mark.parametrize(
    ("work", "behaviour", "label"),
    [
        (DA, DA, "Sangat Baik"),
        (DA, S, "Baik"),
        (DA, DB, "Kurang/misconduct"),
        (S, DA, "Baik"),
        (S, S, "Baik"),
        (S, DB, "Kurang/misconduct"),
        (DB, DA, "Butuh Perbaikan"),
        (DB, S, "Butuh Perbaikan"),
        (DB, DB, "Sangat Kurang"),
    ],
)
def test_the_nine_cells_of_the_matrix(work: Rating, behaviour: Rating, label: str) -> None:
    assert predicate_of(work, behaviour).predicate.label == label


@pytest.mark.parametrize(
    ("work", "behaviour", "wrong"),
    [
        (S, DB, Predicate.BAIK),
        (DA, S, Predicate.SANGAT_BAIK),
        (DA, DB, Predicate.BAIK),
        (DA, DB, Predicate.SANGAT_KURANG),
    ],
)
def test_errors_known_from_other_systems_are_not_repeated(work: Rating, behaviour: Rating, wrong: Predicate) -> None:
    assert predicate_of(work, behaviour).predicate is not wrong


def test_stored_names_are_those_of_the_public_messages() -> None:
    assert [each.value for each in Rating] == ["above", "meets", "below"]
    assert [each.value for each in Predicate] == [
        "sangat_baik",
        "baik",
        "butuh_perbaikan",
        "kurang",
        "sangat_kurang",
    ]


def test_ratings_are_shown_by_their_official_names() -> None:
    labels = [each.label for each in (DA, S, DB)]
    assert labels == ["Di Atas Ekspektasi", "Sesuai Ekspektasi", "Di Bawah Ekspektasi"]


def test_a_predikat_names_its_rule() -> None:
    result = predicate_of(S, S)
    assert (result.rule_id, result.rule_version) == ("permenpanrb-6-2022.predikat", "1")
    assert "PermenPANRB 6/2022" in result.source
