"""Who is told of what: from a public message to the notices it owes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, assert_never
from uuid import UUID, uuid5

from shared.contracts import activity, appraisal, feed, training

#: A person by id, or whoever is that for the employee or the instansi once the directory has told enough.
Recipient = UUID | Literal["superior", "hr"]

ActivityFact = activity.EntryReturned | activity.EntryLapsed
AppraisalFact = (
    appraisal.PlanProposed
    | appraisal.PlanReturned
    | appraisal.PlanAgreed
    | appraisal.ScoreChanged
    | appraisal.RatingSet
    | appraisal.ReviewClosed
    | appraisal.ReviewAdjusted
    | appraisal.PeriodClosed
    | appraisal.GapFound
)
TrainingFact = (
    training.DevelopmentPlanProposed
    | training.DevelopmentPlanApproved
    | training.DevelopmentPlanReturned
    | training.Enrolled
    | training.EnrolmentCompleted
    | training.EnrolmentCancelled
    | training.CompetencyConfirmed
)
Fact = ActivityFact | AppraisalFact | TrainingFact | feed.WebhookChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A notice that is owed: it goes to the inbox, and by mail too unless `mail` is False.

    `event` is what makes it the same notice however often it is heard of. `employee` is whom it is about; `params`
    hold ids, numbers, dates and codes that the template is filled with, never names or texts.
    """

    event: UUID
    to: Recipient
    template: str
    params: Mapping[str, Any]
    employee: UUID | None = None
    mail: bool = True


def owed(event: UUID, fact: Fact) -> tuple[Owed, ...]:
    """The notices owed because of the message `event`."""
    match fact:
        case activity.EntryReturned() | activity.EntryLapsed():
            return _activity(event, fact)
        case (
            training.DevelopmentPlanProposed()
            | training.DevelopmentPlanApproved()
            | training.DevelopmentPlanReturned()
            | training.Enrolled()
            | training.EnrolmentCompleted()
            | training.EnrolmentCancelled()
            | training.CompetencyConfirmed()
        ):
            return _training(event, fact)
        case feed.WebhookChanged():
            return _webhook(event, fact)
        case _:
            return _appraisal(event, fact)


def summary(superior: UUID, day: date, waiting: Mapping[UUID, tuple[int, date]]) -> Owed:
    """The one summary of `day` for a superior: by person, how many entries wait and the day of the oldest."""
    people = [
        {"employee": str(person), "count": count, "oldest": oldest.isoformat()}
        for person, (count, oldest) in sorted(waiting.items(), key=lambda item: (item[1][1], item[0]))
    ]
    return Owed(
        event=uuid5(superior, f"summary:{day}"),
        to=superior,
        template="summary.daily",
        params={"day": day.isoformat(), "count": sum(count for count, _ in waiting.values()), "people": people},
    )


def _activity(event: UUID, fact: ActivityFact) -> tuple[Owed, ...]:
    match fact:
        case activity.EntryReturned():
            return (_to_employee(event, "entry.returned", fact, "day"),)
        case activity.EntryLapsed():
            # Closing a period lets many entries lapse at once: one notice a person and period.
            told = [_to_employee(uuid5(fact.employee, f"lapsed:{fact.period}"), "entry.lapsed", fact, "period")]
            if fact.lapsed_by is not None:
                told.append(
                    Owed(
                        event=uuid5(fact.lapsed_by, f"lapsed-by:{fact.period}"),
                        to=fact.lapsed_by,
                        template="entry.lapsed.superior",
                        params=_params(fact, "period"),
                    )
                )
            return tuple(told)
        case _:
            assert_never(fact)


def _appraisal(event: UUID, fact: AppraisalFact) -> tuple[Owed, ...]:
    match fact:
        case appraisal.PlanProposed() | appraisal.PlanReturned() | appraisal.PlanAgreed():
            return _plan(event, fact)
        case appraisal.ScoreChanged():
            return _score(fact)
        case appraisal.RatingSet():
            return (_to_employee(event, "rating.set", fact, "period", "work_result", "behaviour", "predicate"),)
        case appraisal.ReviewClosed():
            template = "review.closed" if fact.predicate else "review.closed.unrated"
            return (_to_employee(event, template, fact, "period", "percent", "predicate", "rule", "rule_version"),)
        case appraisal.ReviewAdjusted():
            return (_to_employee(event, "review.adjusted", fact, "period", "old_percent", "new_percent"),)
        case appraisal.PeriodClosed():
            counts = _params(fact, "period", "expected", "rated", "not_rated", "not_measured")
            return (Owed(event=event, to="hr", template="period.closed", params=counts),)
        case appraisal.GapFound():
            return _gap(fact)
        case _:
            assert_never(fact)


def _plan(event: UUID, fact: appraisal.PlanFact) -> tuple[Owed, ...]:
    proposer = fact.proposed_by or fact.employee
    match fact.status:
        case "proposed":
            # Not `waits_for`: where that superior is away, whoever acts for them decides and has to know.
            other: Recipient = "superior" if proposer == fact.employee else fact.employee
            return (_of_plan(event, "plan.proposed", fact, other),)
        case "returned":
            return (_of_plan(event, "plan.returned", fact, proposer),)
        case "agreed":
            return tuple(_of_plan(event, "plan.agreed", fact, to) for to in sorted({fact.employee, proposer}))
        case _:
            assert_never(fact.status)


def _of_plan(event: UUID, template: str, fact: appraisal.PlanFact, to: Recipient) -> Owed:
    if to == fact.employee:
        return _to_employee(event, template, fact, "year")
    params = _params(fact, "employee", "year")
    return Owed(event=event, to=to, template=f"{template}.superior", params=params, employee=fact.employee)


def _score(fact: appraisal.ScoreChanged) -> tuple[Owed, ...]:
    """Only a change of band is told, so never the first of a period: early in a month everybody is below expectation."""
    band = fact.recommendation
    if fact.state == "closed" or band is None or fact.band_changes < 2:
        return ()
    event = uuid5(fact.review, f"band:{fact.band_changes}")
    told = _to_employee(event, f"score.{band}", fact, "period", "percent", "rule", "rule_version", mail=band == "below")
    return (told,)


def _gap(fact: appraisal.GapFound) -> tuple[Owed, ...]:
    event = uuid5(fact.gap, f"opened:{fact.opened}")
    standard = any(cause.kind == "below_standard" for cause in fact.causes)
    name = "gap.found.standard" if standard else "gap.found.threshold"
    own = ("competency", "level", "required") if standard else ("competency",)
    return _to_both(event, name, fact, *own)


def _training(event: UUID, fact: TrainingFact) -> tuple[Owed, ...]:
    match fact:
        case training.DevelopmentPlanProposed():
            return _to_both(event, "development-plan.proposed", fact, "year", "competencies")
        case training.DevelopmentPlanApproved():
            return (_to_employee(event, "development-plan.approved", fact, "year", "competencies"),)
        case training.DevelopmentPlanReturned():
            return (_to_employee(event, "development-plan.returned", fact, "year"),)
        case training.Enrolled():
            return (_to_employee(event, "enrolment.enrolled", fact, "competencies", "starts"),)
        case training.EnrolmentCompleted():
            return _to_both(event, "enrolment.completed", fact, "competencies", "completed")
        case training.EnrolmentCancelled():
            return (_to_employee(event, "enrolment.cancelled", fact, "competencies"),)
        case training.CompetencyConfirmed():
            return (_to_employee(event, "competency.confirmed", fact, "competency", "level"),)
        case _:
            assert_never(fact)


def _webhook(event: UUID, fact: feed.WebhookChanged) -> tuple[Owed, ...]:
    """Whoever made it has to look after its receiver; where a system did, hr has."""
    if fact.cause is None:
        return ()
    return (
        Owed(event=event, to=fact.owner or "hr", template=f"webhook.{fact.cause}", params=_params(fact, "webhook")),
    )


def _to_employee(event: UUID, template: str, fact: Any, *fields: str, mail: bool = True) -> Owed:
    params = _params(fact, *fields)
    return Owed(event=event, to=fact.employee, template=template, params=params, employee=fact.employee, mail=mail)


def _to_both(event: UUID, template: str, fact: Any, *fields: str) -> tuple[Owed, ...]:
    """The employee and their superior, whose template has `.superior` at its end and also names the employee."""
    superior = Owed(
        event=event,
        to="superior",
        template=f"{template}.superior",
        params=_params(fact, "employee", *fields),
        employee=fact.employee,
    )
    return _to_employee(event, template, fact, *fields), superior


def _params(fact: Any, *fields: str) -> dict[str, Any]:
    return {name: _plain(_value(fact, name)) for name in fields}


def _value(fact: Any, name: str) -> Any:
    if name == "competencies" and isinstance(fact, training.DevelopmentPlanFact):
        return sorted({course.competency for course in fact.courses})
    return getattr(fact, name)


def _plain(value: Any) -> Any:
    """As JSON keeps it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, UUID | date):
        return str(value)
    return list(value) if isinstance(value, tuple | list) else value
