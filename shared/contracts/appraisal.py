"""What the appraisal service tells: agreed plans, scores, ratings, closed reviews and periods, competency gaps."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.base import Amount, Code, Count, Message, PeriodCode, Renewed

PlanStatus = Literal["proposed", "returned", "agreed"]
Rating = Literal["above", "meets", "below"]
Predicate = Literal["sangat_baik", "baik", "butuh_perbaikan", "kurang", "sangat_kurang"]
Measure = Literal["quantity", "count", "on_time_share", "mean_duration", "satisfaction", "manual"]


class PlanIndicator(BaseModel):
    """One indicator (IKI) of a plan: what is measured and from which source; its wording stays inside the service."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    indicator: UUID
    work_result: UUID
    measure: Measure
    product: Code | None = Field(default=None, description="the service product, for measures over service records")
    competency: Code | None = Field(default=None, description="the competency this indicator shows")


class PlanFact(Message):
    """The state of an employee's yearly plan (SKP) after the fact."""

    plan: UUID
    employee: UUID
    year: Count
    status: PlanStatus
    indicators: tuple[PlanIndicator, ...]
    in_force: tuple[PlanIndicator, ...] = Field(
        default=(), description="the agreed indicators, also while another proposal waits"
    )
    proposed_by: UUID | None
    waits_for: UUID | None = Field(description="who has to agree next")


class PlanProposed(PlanFact):
    """One side proposed a plan; the other has to agree."""

    TYPE = "appraisal.plan.proposed"


class PlanReturned(PlanFact):
    """The other side sent the plan back with a reason."""

    TYPE = "appraisal.plan.returned"


class PlanAgreed(PlanFact):
    """Both sides agreed the plan, or it was imported as agreed elsewhere."""

    TYPE = "appraisal.plan.agreed"


class ScoreChanged(Message):
    """The computed score of one employee and period. Evidence for the superior, never a rating by itself."""

    TYPE = "appraisal.score.changed"
    REGENERATOR = "row"

    review: UUID
    employee: UUID
    period: PeriodCode
    state: Literal["open", "closed"]
    provisional: bool
    percent: Amount | None = Field(description="mean achievement in percent; None = not measured")
    recommendation: Rating | None
    measured: Count
    not_measured: Count
    rule: Code
    rule_version: Code
    band_changes: Count = Field(description="how often the recommendation changed so far; a rise is worth a notice")
    imported: bool = Field(description="only imported facts changed it; notifies nobody")


class RatingSet(Message):
    """The superior set both ratings; the 3 x 3 matrix of PermenPANRB 6/2022 gave the predicate."""

    TYPE = "appraisal.rating.set"

    review: UUID
    employee: UUID
    period: PeriodCode
    work_result: Rating
    behaviour: Rating
    predicate: Predicate
    recommended: Rating | None
    rated_by: UUID


class ReviewClosed(Message):
    """A review was frozen with its inputs."""

    TYPE = "appraisal.review.closed"

    review: UUID
    employee: UUID
    period: PeriodCode
    percent: Amount | None
    recommendation: Rating | None
    predicate: Predicate | None
    rule: Code
    rule_version: Code


class ReviewAdjusted(Message):
    """A fact learned after closing changed the score; old and new are both kept."""

    TYPE = "appraisal.review.adjusted"

    review: UUID
    employee: UUID
    period: PeriodCode
    old_percent: Amount | None
    new_percent: Amount | None
    cause: Code = Field(description="a code and never free text")
    cause_source: UUID | None


class PeriodClosed(Message):
    """All reviews of a period are closed."""

    TYPE = "appraisal.period.closed"
    REGENERATOR = "row"

    period: PeriodCode
    expected: Count
    rated: Count
    not_rated: Count
    not_measured: Count
    closed_at: datetime


class GapCause(BaseModel):
    """Why a gap is open."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["below_standard", "below_threshold"]
    indicator: UUID | None = None
    period: PeriodCode | None = None
    percent: Amount | None = None


class GapFact(Message):
    """The state of the gap of one employee in one competency."""

    REGENERATOR = "row"

    gap: UUID
    employee: UUID
    competency: Code
    opened: Count = Field(description="counts how often this gap opened; a new opening is a new need")
    required: Count | None
    level: Count | None
    causes: tuple[GapCause, ...]
    since: date


class GapFound(GapFact):
    """A competency is below the position's standard, or an indicator that shows it fell below the threshold."""

    TYPE = "appraisal.gap.found"


class GapClosed(GapFact):
    """The gap no longer holds."""

    TYPE = "appraisal.gap.closed"


class RecordRenewed(Renewed):
    """The record of appraisal was restored and told anew."""

    TYPE = "appraisal.record.renewed"
