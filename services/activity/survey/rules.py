"""Indeks Kepuasan Masyarakat (IKM): the index of public satisfaction of PermenPANRB 14/2017."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from shared.errors import Refusal
from shared.rule import Rule

IKM = Rule("permenpanrb-14-2017.ikm", "1", "PermenPANRB 14/2017 (bobot 1/9)")
IKM_LEGACY = Rule("permenpanrb-14-2017.ikm-0.111", "1", "PermenPANRB 14/2017 (bobot tercetak 0,111)")

ELEMENTS = (
    "Persyaratan",
    "Sistem, mekanisme, dan prosedur",
    "Waktu penyelesaian",
    "Biaya/tarif",
    "Produk spesifikasi jenis pelayanan",
    "Kompetensi pelaksana",
    "Perilaku pelaksana",
    "Sarana dan prasarana",
    "Penanganan pengaduan, saran, dan masukan",
)
_CENT = Decimal("0.01")


class InvalidAnswer(Refusal):
    """An answer is nine scores of 1 to 4, one for each element U1 to U9."""

    code = "invalid-survey-answer"
    status = 422


class InvalidSums(Refusal):
    """The sums cannot come from that many answers."""

    code = "invalid-survey-sums"
    status = 422


class Quality(StrEnum):
    """Mutu pelayanan."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def label(self) -> str:
        """Official Indonesian term for the performance of the unit."""
        return _LABELS[self]


_LABELS = {
    Quality.A: "Sangat baik",
    Quality.B: "Baik",
    Quality.C: "Kurang baik",
    Quality.D: "Tidak baik",
}


@dataclass(frozen=True, slots=True)
class SatisfactionIndex:
    """IKM of a unit over a period, 25 to 100.

    `elements` are the unrounded mean scores (NRR, 1 to 4) of U1 to U9; `value` is unrounded, `rounded` to 2
    decimals half up, and `quality` follows from `rounded`.
    """

    value: Decimal
    rounded: Decimal
    quality: Quality
    elements: tuple[Decimal, ...]
    respondents: int
    rule_id: str
    rule_version: str
    source: str


def check_answer(scores: Sequence[int]) -> None:
    """Refuse anything but nine whole scores of 1 to 4; raises InvalidAnswer."""
    whole = all(type(score) is int and 1 <= score <= 4 for score in scores)
    if len(scores) != len(ELEMENTS) or not whole:
        raise InvalidAnswer(
            "Jawaban harus sembilan nilai 1 sampai 4 (U1 sampai U9). / "
            "An answer must be nine scores of 1 to 4 (U1 to U9)."
        )


def sums_of(answers: Iterable[Sequence[int]]) -> tuple[tuple[int, ...], int]:
    """The sum of scores of each element, and the number of answers; raises InvalidAnswer."""
    sums, respondents = [0] * len(ELEMENTS), 0
    for scores in answers:
        check_answer(scores)
        sums = [total + score for total, score in zip(sums, scores, strict=True)]
        respondents += 1
    return tuple(sums), respondents


def satisfaction_index(
    sums: Sequence[int], respondents: int, *, legacy_weight: bool = False
) -> SatisfactionIndex | None:
    """IKM from the sum of scores of each element over all respondents; without respondents not measured (None).

    Legal source: PermenPANRB 14/2017: IKM = 25 x sum of (mean score of the element x weight). The weight is
    exactly 1/9; `legacy_weight` takes the 0.111 that forms print, to reconcile with published figures. The
    index is rounded before it is banded, as the printed bands leave gaps. Raises InvalidSums when the sums
    are impossible.
    """
    if respondents == 0 and not any(sums):
        return None
    if len(sums) != len(ELEMENTS) or not all(respondents <= total <= 4 * respondents for total in sums):
        raise InvalidSums(
            "Jumlah nilai tidak sesuai banyaknya responden. / The sums do not fit the number of respondents.",
            respondents=respondents,
        )
    if legacy_weight:
        value, rule = 25 * Decimal("0.111") * sum(sums) / respondents, IKM_LEGACY
    else:
        value, rule = Decimal(25 * sum(sums)) / (len(ELEMENTS) * respondents), IKM
    rounded = value.quantize(_CENT, ROUND_HALF_UP)
    means = tuple(Decimal(total) / respondents for total in sums)
    return SatisfactionIndex(
        value, rounded, quality_of(rounded), means, respondents, rule.id, rule.version, rule.source
    )


def quality_of(index: Decimal) -> Quality:
    """Mutu pelayanan of an index, rounded to 2 decimals half up before it is banded."""
    rounded = index.quantize(_CENT, ROUND_HALF_UP)
    if rounded >= Decimal("88.31"):
        return Quality.A
    if rounded >= Decimal("76.61"):
        return Quality.B
    return Quality.C if rounded >= 65 else Quality.D
