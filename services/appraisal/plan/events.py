"""What can happen to a plan (SKP) of one employee and year."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

from services.appraisal.rules.achievement import Direction, Target, ZeroRule
from shared.eventstore.registry import Registry
from shared.eventstore.texts import Text

Side = Literal["employee", "superior"]
Measure = Literal["quantity", "count", "on_time_share", "mean_duration", "satisfaction", "manual"]


class Aspect(StrEnum):
    """Which side of a result an indicator measures (PermenPANRB 6/2022)."""

    KUANTITAS = "kuantitas"
    KUALITAS = "kualitas"
    WAKTU = "waktu"
    BIAYA = "biaya"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One IKI. The target is for one review period, in the unit of `unit_label`; `product` narrows service records."""

    id: UUID
    title: Text
    aspect: Aspect
    target: Target
    direction: Direction
    measure: Measure
    unit_label: str
    zero_rule: ZeroRule | None = None
    maximum_target: bool = False
    product: str | None = None
    competency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResult:
    """One RHK and what it is measured by."""

    id: UUID
    title: Text
    indicators: tuple[Indicator, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanProposed:
    """One side proposed; the agreed revision, if any, stays in force until this one is agreed."""

    employee: UUID
    year: int
    revision: int
    proposed_by: UUID
    side: Side
    waits_for: UUID | None
    results: tuple[WorkResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReturned:
    """The other side sent the proposal back."""

    returned_by: UUID
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanAgreed:
    """The other side agreed; the proposal is in force."""

    agreed_by: UUID
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanImported:
    """Agreed elsewhere and taken over; in force."""

    employee: UUID
    year: int
    revision: int
    source: str
    file_hash: str
    results: tuple[WorkResult, ...]


Event = PlanProposed | PlanReturned | PlanAgreed | PlanImported

EVENTS = Registry(
    {
        "plan.proposed": (1, PlanProposed),
        "plan.returned": (1, PlanReturned),
        "plan.agreed": (1, PlanAgreed),
        "plan.imported": (1, PlanImported),
    }
)
