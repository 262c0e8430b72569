"""What people and the closing add to a review; its score is computed and no fact until the period closes."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from services.appraisal.plan.events import Indicator
from services.appraisal.rules.predicate import Predicate, Rating
from services.appraisal.rules.recommendation import RecommendationPolicy
from shared.eventstore.registry import Registry
from shared.eventstore.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One indicator and what it came to. `realisation` None is not measured, and then there is no `percent` either.

    `counted` entries or records made up the realisation, `waiting` ones do not count yet, `below` of the counted
    were verified as below expectation. `percent` is exact, `rounded` in whole percent, half up.
    """

    work_result: UUID
    indicator: Indicator
    realisation: Decimal | None = None
    counted: int = 0
    waiting: int = 0
    lapsed: int = 0
    below: int = 0
    percent: Decimal | None = None
    rounded: int | None = None
    formula: str | None = None
    rule: str | None = None
    rule_version: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisationEntered:
    """The employee stated the realisation of a manual indicator; it counts once confirmed."""

    employee: UUID
    period: str
    indicator: UUID
    value: Decimal
    note: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RealisationConfirmed:
    """The superior confirmed the value that was stated."""

    indicator: UUID
    value: Decimal
    confirmed_by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSet:
    """The superior rated; what was recommended at that moment is kept beside it."""

    employee: UUID
    period: str
    work_result: Rating
    behaviour: Rating
    predicate: Predicate
    rule: str
    rule_version: str
    recommended: Rating | None
    percent: Decimal | None
    rated_by: UUID
    text: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewClosed:
    """The review with all its inputs, as they were when the period closed; `closed_on` in the instansi's zone."""

    employee: UUID
    period: str
    closed_on: date
    indicators: tuple[Measured, ...]
    plan_revision: int | None
    policy: RecommendationPolicy
    percent: Decimal | None
    recommendation: Rating | None
    measured: int
    not_measured: int
    rule: str
    rule_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAdjusted:
    """A fact learned after closing changed the score. `cause` is a code, `cause_source` the fact."""

    old_percent: Decimal | None
    new_percent: Decimal | None
    cause: str
    cause_source: UUID | None


Event = RealisationEntered | RealisationConfirmed | RatingSet | ReviewClosed | ReviewAdjusted

EVENTS = Registry(
    {
        "review.realisation-entered": (1, RealisationEntered),
        "review.realisation-confirmed": (1, RealisationConfirmed),
        "review.rated": (1, RatingSet),
        "review.closed": (1, ReviewClosed),
        "review.adjusted": (1, ReviewAdjusted),
    }
)
