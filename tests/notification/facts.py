"""Messages of the appraisal and training services about Siti, in March 2026."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.contracts import activity, appraisal, feed, training
from shared.messaging.envelope import Received
from tests.notification.world import RINA, SITI, development_plan, entry, known, received, score

MARCH = "2026-03"
REVIEW = known(f"review {SITI}")


def plan(
    kind: type[appraisal.PlanFact], *, proposed_by: UUID | None = SITI, waits_for: UUID | None = None, version: int = 1
) -> Received[Any]:
    """A performance plan of 2026."""
    id = known("plan")
    status: Any = kind.TYPE.rsplit(".", 1)[1]
    data = kind(
        plan=id, employee=SITI, year=2026, status=status, indicators=(), proposed_by=proposed_by, waits_for=waits_for
    )
    return received(data, id, version=version)


def rating(*, version: int = 1) -> Received[Any]:
    """Both ratings, set by Rina."""
    data = appraisal.RatingSet(
        review=REVIEW,
        employee=SITI,
        period=MARCH,
        work_result="meets",
        behaviour="above",
        predicate="baik",
        recommended="meets",
        rated_by=RINA,
    )
    return received(data, REVIEW, version=version)


def review_closed(predicate: appraisal.Predicate | None, *, version: int = 2) -> Received[Any]:
    """The frozen review, with or without a predicate."""
    data = appraisal.ReviewClosed(
        review=REVIEW,
        employee=SITI,
        period=MARCH,
        percent=Decimal("92.345"),
        recommendation="meets",
        predicate=predicate,
        rule="score",
        rule_version="2",
    )
    return received(data, REVIEW, version=version)


def review_adjusted(*, version: int = 3) -> Received[Any]:
    """A fact learned later: the score can no longer be measured."""
    data = appraisal.ReviewAdjusted(
        review=REVIEW,
        employee=SITI,
        period=MARCH,
        old_percent=Decimal("88.5"),
        new_percent=None,
        cause="late-fact",
        cause_source=None,
    )
    return received(data, REVIEW, version=version)


def period_closed() -> Received[Any]:
    """The counts of a closed period."""
    data = appraisal.PeriodClosed(
        period=MARCH,
        expected=5,
        rated=3,
        not_rated=2,
        not_measured=1,
        closed_at=datetime(2026, 4, 10, tzinfo=UTC),
    )
    return received(data, known("period"))


def gap(
    kind: Literal["below_standard", "below_threshold"], *, opened: int = 1, version: int = 1, **more: Any
) -> Received[Any]:
    """A gap in communication."""
    data = appraisal.GapFound(
        gap=known("gap"),
        employee=SITI,
        competency="komunikasi",
        opened=opened,
        required=3,
        level=2,
        causes=(appraisal.GapCause(kind=kind),),
        since=date(2026, 4, 1),
    )
    return received(data, known("gap"), version=version, **more)


def webhook(cause: Literal["failing", "refused", "gone"], *, version: int = 1) -> Received[Any]:
    """A webhook that Rina made was stopped."""
    status: Literal["paused", "disabled"] = "disabled" if cause == "gone" else "paused"
    data = feed.WebhookChanged(webhook=known("webhook"), status=status, cause=cause, owner=RINA)
    return received(data, known("webhook"), version=version)


def enrolment(kind: type[training.EnrolmentFact], *, version: int = 1) -> Received[Any]:
    """A seat in a course that raises two competencies."""
    id = known("enrolment")
    status: Any = kind.TYPE.rsplit(".", 1)[1]
    data = kind(
        enrolment=id,
        employee=SITI,
        course=known("course"),
        competencies=("komunikasi", "pelayanan-publik"),
        status=status,
        starts=None if kind is training.EnrolmentCancelled else date(2026, 5, 4),
        completed=date(2026, 5, 8) if kind is training.EnrolmentCompleted else None,
    )
    return received(data, id, version=version)


def competency_confirmed() -> Received[Any]:
    """Level 3, confirmed by Rina."""
    data = training.CompetencyConfirmed(
        confirmation=known("confirmation"),
        employee=SITI,
        competency="komunikasi",
        level=3,
        confirmed_by=RINA,
        confirmed_on=date(2026, 6, 1),
        enrolment=known("enrolment"),
    )
    return received(data, known("confirmation"))


def one_of_each(at: datetime) -> list[Received[Any]]:
    """A message of every type that is told, in every form that has a text of its own, at the time `at`."""
    bands: tuple[appraisal.Rating, ...] = ("above", "meets", "below")
    causes: tuple[Literal["failing", "refused", "gone"], ...] = ("failing", "refused", "gone")
    made = [
        entry(activity.EntryReturned, "returned"),
        entry(activity.EntryLapsed, "lapsed", lapsed_by=RINA),
        *(score(band, band_changes=n, version=n) for n, band in enumerate(bands, 2)),
        plan(appraisal.PlanProposed, waits_for=RINA, version=1),
        plan(appraisal.PlanReturned, version=2),
        plan(appraisal.PlanProposed, proposed_by=RINA, waits_for=SITI, version=3),
        plan(appraisal.PlanReturned, proposed_by=RINA, version=4),
        plan(appraisal.PlanAgreed, proposed_by=RINA, version=5),
        rating(),
        review_closed("baik"),
        review_adjusted(),
        review_closed(None, version=4),
        period_closed(),
        gap("below_standard", opened=1, version=1),
        gap("below_threshold", opened=2, version=3),
        development_plan(),
        development_plan(training.DevelopmentPlanReturned, version=2),
        development_plan(training.DevelopmentPlanApproved, version=3),
        enrolment(training.Enrolled, version=1),
        enrolment(training.EnrolmentCompleted, version=2),
        enrolment(training.EnrolmentCancelled, version=3),
        competency_confirmed(),
        *(webhook(cause, version=n) for n, cause in enumerate(causes, 1)),
    ]
    return [replace(message, occurred_at=at, recorded_at=at) for message in made]
