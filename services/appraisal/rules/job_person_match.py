"""Job person match (JPM): how far a person's competency levels meet the standard of a position."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from shared.errors import Refusal
from shared.rule import Rule

JPM = Rule("permenpanrb-38-2017.jpm", "1", "PermenPANRB 38/2017; kategori menurut Peraturan 35/2020")


class InvalidLevel(Refusal):
    """Competency levels are 1 to 5."""

    code = "invalid-competency-level"
    status = 422


class Purpose(StrEnum):
    """What the match is used for; each has its own names and limits."""

    SELECTION = "selection"
    MAPPING = "mapping"


class Suitability(StrEnum):
    """Category of a match: the first three for selection and promotion, the others for mapping (pemetaan).

    The limits of mapping are known from programs in use, not from a regulation.
    """

    MEMENUHI_SYARAT = "memenuhi_syarat"
    MASIH_MEMENUHI_SYARAT = "masih_memenuhi_syarat"
    KURANG_MEMENUHI_SYARAT = "kurang_memenuhi_syarat"
    OPTIMAL = "optimal"
    CUKUP_OPTIMAL = "cukup_optimal"
    KURANG_OPTIMAL = "kurang_optimal"

    @property
    def label(self) -> str:
        """Official Indonesian term."""
        return self.value.replace("_", " ").title()


@dataclass(frozen=True, slots=True)
class CompetencyLevel:
    """The standard of a position for one competency and the person's own level, 1-5; None is not measured."""

    standard: int
    own: int | None


@dataclass(frozen=True, slots=True)
class JobPersonMatch:
    """`percent` unrounded, `rounded` to 2 decimals half up; `capped` says by which policy it was computed."""

    percent: Decimal
    rounded: Decimal
    suitability: Suitability
    capped: bool
    rule_id: str
    rule_version: str
    source: str


_BANDS = {
    Purpose.SELECTION: (
        (80, Suitability.MEMENUHI_SYARAT),
        (68, Suitability.MASIH_MEMENUHI_SYARAT),
        (0, Suitability.KURANG_MEMENUHI_SYARAT),
    ),
    Purpose.MAPPING: (
        (90, Suitability.OPTIMAL),
        (78, Suitability.CUKUP_OPTIMAL),
        (0, Suitability.KURANG_OPTIMAL),
    ),
}


def job_person_match(levels: Sequence[CompetencyLevel], purpose: Purpose, *, capped: bool) -> JobPersonMatch | None:
    """Sum of own levels over sum of standards, in percent; None when a level is missing or there are none.

    `capped` is the instansi's policy: a level above its standard counts as the standard, so that strength
    in one competency does not hide a gap in another (else a match can exceed 100). Raises InvalidLevel
    outside 1 to 5.
    """
    own = [each.own for each in levels if each.own is not None]
    _check([each.standard for each in levels] + own)
    if not levels or len(own) < len(levels):
        return None
    reached = sum(min(mine, each.standard) if capped else mine for each, mine in zip(levels, own, strict=True))
    percent = Decimal(100) * reached / sum(each.standard for each in levels)
    suitability = next(name for at_least, name in _BANDS[purpose] if percent >= at_least)
    rounded = percent.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return JobPersonMatch(percent, rounded, suitability, capped, JPM.id, JPM.version, JPM.source)


def _check(levels: Sequence[int]) -> None:
    wrong = [level for level in levels if not 1 <= level <= 5]
    if wrong:
        raise InvalidLevel("Level kompetensi harus 1 sampai 5. / A competency level must be 1 to 5.", levels=wrong)
