"""The 3 x 3 matrix of PermenPANRB 6/2022: two ratings set by the superior give the predikat kinerja."""

from dataclasses import dataclass
from enum import StrEnum

from shared.rule import Rule

MATRIX = Rule("permenpanrb-6-2022.predikat", "1", "PermenPANRB 6/2022 dan SE MenPANRB 3/2023 (matriks)")


class Rating(StrEnum):
    """Rating of work results (hasil kerja) or of work behaviour (perilaku kerja)."""

    ABOVE = "above"
    MEETS = "meets"
    BELOW = "below"

    @property
    def label(self) -> str:
        """Official Indonesian term."""
        return _RATING_LABELS[self]


class Predicate(StrEnum):
    """Predikat kinerja of a person over a period."""

    SANGAT_BAIK = "sangat_baik"
    BAIK = "baik"
    BUTUH_PERBAIKAN = "butuh_perbaikan"
    KURANG = "kurang"
    SANGAT_KURANG = "sangat_kurang"

    @property
    def label(self) -> str:
        """Official Indonesian term; Kurang is printed as SE MenPANRB 3/2023 does."""
        return _PREDICATE_LABELS[self]


_RATING_LABELS = {
    Rating.ABOVE: "Di Atas Ekspektasi",
    Rating.MEETS: "Sesuai Ekspektasi",
    Rating.BELOW: "Di Bawah Ekspektasi",
}
_PREDICATE_LABELS = {
    Predicate.SANGAT_BAIK: "Sangat Baik",
    Predicate.BAIK: "Baik",
    Predicate.BUTUH_PERBAIKAN: "Butuh Perbaikan",
    Predicate.KURANG: "Kurang/misconduct",
    Predicate.SANGAT_KURANG: "Sangat Kurang",
}
_BY_WORK_THEN_BEHAVIOUR = {
    (Rating.ABOVE, Rating.ABOVE): Predicate.SANGAT_BAIK,
    (Rating.ABOVE, Rating.MEETS): Predicate.BAIK,
    (Rating.ABOVE, Rating.BELOW): Predicate.KURANG,
    (Rating.MEETS, Rating.ABOVE): Predicate.BAIK,
    (Rating.MEETS, Rating.MEETS): Predicate.BAIK,
    (Rating.MEETS, Rating.BELOW): Predicate.KURANG,
    (Rating.BELOW, Rating.ABOVE): Predicate.BUTUH_PERBAIKAN,
    (Rating.BELOW, Rating.MEETS): Predicate.BUTUH_PERBAIKAN,
    (Rating.BELOW, Rating.BELOW): Predicate.SANGAT_KURANG,
}


@dataclass(frozen=True, slots=True)
class PredicateResult:
    """The predikat with the rule that gave it."""

    predicate: Predicate
    rule_id: str
    rule_version: str
    source: str


def predicate_of(work: Rating, behaviour: Rating) -> PredicateResult:
    """The predikat of two ratings, by the matrix of PermenPANRB 6/2022."""
    return PredicateResult(_BY_WORK_THEN_BEHAVIOUR[work, behaviour], MATRIX.id, MATRIX.version, MATRIX.source)
