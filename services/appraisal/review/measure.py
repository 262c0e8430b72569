"""From facts to a score: what each indicator of a review came to, and the recommended rating. Pure.

What counts, by policy of this system: verified and imported entries (also those verified as below expectation: the work
was done, and they are listed); waiting, returned, withdrawn and lapsed ones do not. An indicator without anything that
counts is not measured, also when its period is closed; it is never zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import assert_never
from uuid import UUID

from services.appraisal.plan.events import Indicator, WorkResult
from services.appraisal.review.events import Measured
from services.appraisal.rules.achievement import achievement
from services.appraisal.rules.recommendation import Recommendation, RecommendationPolicy, recommend
from shared.contracts.directory import Policy

_DAY = Decimal(86_400)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one indicator: how many count and what they add up to, and those that do not count."""

    counted: int = 0
    quantity: Decimal = Decimal(0)
    waiting: int = 0
    lapsed: int = 0
    below: int = 0


@dataclass(frozen=True, slots=True)
class Records:
    """Service records that ended in the period: `judged` had a due time, `on_time` of them met it."""

    ended: int = 0
    judged: int = 0
    on_time: int = 0
    seconds: Decimal = Decimal(0)

    def __add__(self, other: "Records") -> "Records":
        """Both together."""
        return Records(
            self.ended + other.ended,
            self.judged + other.judged,
            self.on_time + other.on_time,
            self.seconds + other.seconds,
        )


@dataclass(frozen=True, slots=True)
class Manual:
    """A realisation stated by hand."""

    value: Decimal
    confirmed: bool


@dataclass(slots=True)
class Facts:
    """All that is known of one employee and period. Records are by product, the rest by indicator."""

    entries: dict[UUID | None, Entries] = field(default_factory=dict)
    records: dict[str, Records] = field(default_factory=dict)
    satisfaction: Decimal | None = None
    manual: Mapping[UUID, Manual] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """What may still come to count."""
        return sum(e.waiting for e in self.entries.values()) + sum(not m.confirmed for m in self.manual.values())

    @property
    def some(self) -> bool:
        """Whether anything was ever told of this employee and period by a person or a system."""
        return bool(self.entries or self.records or self.manual)


def policy_of(policy: Policy) -> RecommendationPolicy:
    """The thresholds an instansi chose; the version names both the rule's and the policy's."""
    return RecommendationPolicy(
        version=f"1+policy.{policy.version}",
        above_at=policy.score_above_percent,
        meets_at=policy.score_meets_percent,
        cap=policy.achievement_cap_percent,
    )


def score(
    results: Sequence[tuple[UUID, Indicator]], facts: Facts, policy: RecommendationPolicy
) -> tuple[tuple[Measured, ...], Recommendation]:
    """Each indicator with what it came to, and the recommendation over all of them."""
    measured, achievements = [], []
    for work_result, indicator in results:
        realisation, counts = _realised(indicator, facts)
        reached = achievement(indicator.target, indicator.direction, realisation, indicator.zero_rule)
        achievements.append(reached)
        measured.append(
            Measured(
                work_result=work_result,
                indicator=indicator,
                realisation=realisation,
                counted=counts.counted,
                waiting=counts.waiting,
                lapsed=counts.lapsed,
                below=counts.below,
                percent=plain(reached.percent) if reached else None,
                rounded=reached.rounded if reached else None,
                formula=reached.formula if reached else None,
                rule=reached.rule_id if reached else None,
                rule_version=reached.rule_version if reached else None,
                source=reached.source if reached else None,
            )
        )
    return tuple(measured), recommend(achievements, policy)


def indicators_of(results: Sequence[WorkResult]) -> list[tuple[UUID, Indicator]]:
    """The indicators of a plan, each with the id of its work result."""
    return [(result.id, indicator) for result in results for indicator in result.indicators]


def _realised(indicator: Indicator, facts: Facts) -> tuple[Decimal | None, Entries]:
    entries = facts.entries.get(indicator.id, Entries())
    match indicator.measure:
        case "quantity":
            return plain(entries.quantity) if entries.counted else None, entries
        case "count":
            return Decimal(entries.counted) if entries.counted else None, entries
        case "on_time_share":
            records = _records(indicator, facts)
            share = Decimal(100) * records.on_time / records.judged if records.judged else None
            return share, Entries(counted=records.judged)
        case "mean_duration":
            records = _records(indicator, facts)
            days = records.seconds / _DAY / records.ended if records.ended else None
            return days.quantize(_CENT, ROUND_HALF_UP) if days is not None else None, Entries(counted=records.ended)
        case "satisfaction":
            known = facts.satisfaction
            return (None if known is None else plain(known)), Entries(counted=int(known is not None))
        case "manual":
            stated = facts.manual.get(indicator.id)
            counts = Entries(
                counted=int(bool(stated and stated.confirmed)), waiting=int(bool(stated and not stated.confirmed))
            )
            return plain(stated.value) if stated and stated.confirmed else None, counts
        case _:
            assert_never(indicator.measure)


def _records(indicator: Indicator, facts: Facts) -> Records:
    wanted = [r for product, r in facts.records.items() if indicator.product in (None, product)]
    return sum(wanted, Records())


def plain(value: Decimal) -> Decimal:
    """The same number without exponent or trailing zeros, which only say how somebody wrote a part of the sum."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()
