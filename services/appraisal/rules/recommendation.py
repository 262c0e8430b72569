"""The recommended rating of work results: evidence put beside the superior's decision.

PermenPANRB 6/2022 has no such formula: the superior judges results against expectation. This is a policy
of the instansi and never itself a rating.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from services.appraisal.rules.achievement import Achievement, two_decimals, whole_percent
from services.appraisal.rules.predicate import Rating
from shared.errors import Refusal

#: Far below what is shown and far above what 28 digits lose: 83 1/3, 83 1/3, 91 1/3 and 100 are 89.5, not 89.4999….
_NOISE = Decimal("1E-15")
POLICY_SOURCE = "Kebijakan instansi; rating ditetapkan pejabat penilai (PermenPANRB 6/2022)"


class InvalidPolicy(Refusal):
    """The thresholds contradict one another."""

    code = "invalid-policy"
    status = 422


@dataclass(frozen=True, slots=True)
class RecommendationPolicy:
    """Mean achievement, in percent, from which a rating is recommended; one indicator counts at most `cap`.

    Raises InvalidPolicy unless 0 < meets_at < above_at <= cap.
    """

    id: str = "policy.recommended-rating"
    version: str = "1"
    above_at: Decimal = Decimal(110)
    meets_at: Decimal = Decimal(90)
    cap: Decimal = Decimal(120)

    def __post_init__(self) -> None:
        """Refuse thresholds by which a rating could never be recommended."""
        if not 0 < self.meets_at < self.above_at <= self.cap:
            raise InvalidPolicy(
                "Ambang harus 0 < sesuai < di atas <= batas atas. / Thresholds must be 0 < meets < above <= cap.",
                meets_at=str(self.meets_at),
                above_at=str(self.above_at),
                cap=str(self.cap),
            )


NATIONAL_DEFAULT = RecommendationPolicy()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The recommended rating with what it rests on; rating and mean are None when nothing was measured.

    `mean_percent` is the mean of the measured, capped achievements to two decimals, half up, as it is stored and told;
    `rounded` is the exact mean in whole percent, half up.
    """

    rating: Rating | None
    mean_percent: Decimal | None
    rounded: int | None
    measured: int
    not_measured: int
    rule_id: str
    rule_version: str
    source: str


def recommend(
    achievements: Sequence[Achievement | None], policy: RecommendationPolicy = NATIONAL_DEFAULT
) -> Recommendation:
    """Recommend a rating from the achievements of a review; None stands for "not measured" and is left out.

    The exact mean, not the one of two decimals, is rounded half up to whole percent before it meets the thresholds, as
    categories of PermenPANRB 8/2021 are chosen by whole percent: rounding twice would lift 89.495 over 89.50 to 90.
    Evidence by policy of the instansi, never itself a rating: by PermenPANRB 6/2022 the superior decides, also against it.
    """
    # Sorted, because the last digit of a decimal sum depends on the order and a score must not.
    capped = sorted(min(each.percent, policy.cap) for each in achievements if each is not None)
    mean = (sum(capped, Decimal(0)) / len(capped)).quantize(_NOISE, ROUND_HALF_UP) if capped else None
    rounded = None if mean is None else whole_percent(mean)
    return Recommendation(
        rating=None if rounded is None else _rating(rounded, policy),
        mean_percent=None if mean is None else two_decimals(mean),
        rounded=rounded,
        measured=len(capped),
        not_measured=len(achievements) - len(capped),
        rule_id=policy.id,
        rule_version=policy.version,
        source=POLICY_SOURCE,
    )


def _rating(rounded: int, policy: RecommendationPolicy) -> Rating:
    if rounded >= policy.above_at:
        return Rating.ABOVE
    return Rating.MEETS if rounded >= policy.meets_at else Rating.BELOW
