"""What the training service tells: development plans, enrolments and confirmed competency levels."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.contracts.base import Code, Count, Message, Renewed

DevelopmentPlanStatus = Literal["proposed", "approved", "returned", "completed"]
EnrolmentStatus = Literal["enrolled", "completed", "confirmed", "cancelled"]


class PlannedCourse(BaseModel):
    """A need and the course that is to meet it (None: no course of the catalogue raises this competency)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    need: UUID
    competency: Code
    course: UUID | None


class DevelopmentPlanFact(Message):
    """The state of a development plan after the fact."""

    development_plan: UUID
    employee: UUID
    year: Count
    status: DevelopmentPlanStatus
    courses: tuple[PlannedCourse, ...]


class DevelopmentPlanProposed(DevelopmentPlanFact):
    """Needs became a proposed plan; the superior has to approve."""

    TYPE = "training.development-plan.proposed"


class DevelopmentPlanApproved(DevelopmentPlanFact):
    """The superior approved the plan."""

    TYPE = "training.development-plan.approved"


class DevelopmentPlanReturned(DevelopmentPlanFact):
    """The superior sent the plan back with a reason."""

    TYPE = "training.development-plan.returned"


class DevelopmentPlanAmended(DevelopmentPlanFact):
    """Needs of the plan ended: their gap closed, what waited for them fell away. Asks nobody for anything."""

    TYPE = "training.development-plan.amended"


class EnrolmentFact(Message):
    """The state of one enrolment after the fact."""

    enrolment: UUID
    employee: UUID
    course: UUID
    competencies: tuple[Code, ...]
    status: EnrolmentStatus
    starts: date | None
    completed: date | None


class Enrolled(EnrolmentFact):
    """An employee has a seat in a course."""

    TYPE = "training.enrolment.enrolled"


class EnrolmentCompleted(EnrolmentFact):
    """The course was completed with a certificate: evidence, not yet a level."""

    TYPE = "training.enrolment.completed"


class EnrolmentCancelled(EnrolmentFact):
    """The seat was given up."""

    TYPE = "training.enrolment.cancelled"


class CompetencyConfirmed(Message):
    """The superior confirmed a level 1-5 with a reason, after training or coaching; only this closes a gap."""

    TYPE = "training.competency.confirmed"

    confirmation: UUID
    employee: UUID
    competency: Code
    level: Count
    confirmed_by: UUID
    confirmed_on: date
    enrolment: UUID | None


class RecordRenewed(Renewed):
    """The record of training was restored and told anew."""

    TYPE = "training.record.renewed"
