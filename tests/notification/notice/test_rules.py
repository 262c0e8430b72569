"""Who is told of what, on values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.notification.notice.rules import Owed, owed, summary
from shared.contracts import activity, appraisal, training
from shared.messaging.envelope import Received
from tests.notification import facts
from tests.notification.world import BUDI, LEO, RINA, SITI, development_plan, entry, known, score


def told(message: Received[Any]) -> set[tuple[UUID | str, str, bool]]:
    """To whom, with which template, and whether by mail."""
    return {(o.to, o.template, o.mail) for o in owed(message.event_id, message.data)}


def test_a_returned_entry_is_told_to_its_employee() -> None:
    message = entry(activity.EntryReturned, "e1", day=date(2026, 3, 2))
    [notice] = owed(message.event_id, message.data)
    assert notice == Owed(
        event=message.event_id, to=SITI, template="entry.returned", params={"day": "2026-03-02"}, employee=SITI
    )


def test_entries_that_lapse_together_owe_one_notice_to_the_employee_and_one_to_the_cause() -> None:
    lapsed = [
        entry(activity.EntryLapsed, name, who, lapsed_by=RINA, day=date(2026, 3, 2))
        for name, who in (("e1", SITI), ("e2", SITI), ("e3", BUDI))
    ]
    found = [notice for message in lapsed for notice in owed(message.event_id, message.data)]
    assert {(n.event, n.to, n.template) for n in found} == {
        (uuid5(SITI, "lapsed:2026-03"), SITI, "entry.lapsed"),
        (uuid5(BUDI, "lapsed:2026-03"), BUDI, "entry.lapsed"),
        (uuid5(RINA, "lapsed-by:2026-03"), RINA, "entry.lapsed.superior"),
    }


def test_an_entry_that_lapsed_by_nobodys_fault_is_told_to_its_employee_only() -> None:
    assert told(entry(activity.EntryLapsed, "e1")) == {(SITI, "entry.lapsed", True)}


@pytest.mark.parametrize(
    ("band", "changes", "expected"),
    [
        ("below", 1, set()),
        ("meets", 1, set()),
        ("above", 1, set()),
        ("meets", 2, {(SITI, "score.meets", False)}),
        ("above", 2, {(SITI, "score.above", False)}),
        ("below", 2, {(SITI, "score.below", True)}),
        ("below", 3, {(SITI, "score.below", True)}),
        (None, 2, set()),
        (None, 0, set()),
    ],
)
def test_a_score_is_told_when_its_band_changes_but_the_first_band_of_a_period_never(
    band: Any, changes: int, expected: set[Any]
) -> None:
    assert told(score(band, band_changes=changes)) == expected


def test_a_score_of_a_closed_review_is_not_told() -> None:
    assert told(score("below", band_changes=2, state="closed")) == set()


def test_two_scores_within_a_band_are_one_notice_and_the_next_band_is_another() -> None:
    scores = [
        score("below", band_changes=2, version=1, percent=Decimal(40)),
        score("below", band_changes=2, version=2, percent=Decimal(45)),
        score("meets", band_changes=3, version=3, percent=Decimal(95)),
    ]
    events = [notice.event for message in scores for notice in owed(message.event_id, message.data)]
    review = known(f"review {SITI}")
    assert events == [uuid5(review, "band:2"), uuid5(review, "band:2"), uuid5(review, "band:3")]


@pytest.mark.parametrize(
    ("kind", "proposed_by", "waits_for", "expected"),
    [
        (appraisal.PlanProposed, RINA, SITI, {(SITI, "plan.proposed")}),
        (appraisal.PlanProposed, SITI, RINA, {("superior", "plan.proposed.superior")}),
        (appraisal.PlanProposed, SITI, None, {("superior", "plan.proposed.superior")}),
        (appraisal.PlanProposed, RINA, None, {(SITI, "plan.proposed")}),
        (appraisal.PlanReturned, SITI, SITI, {(SITI, "plan.returned")}),
        (appraisal.PlanReturned, RINA, RINA, {(RINA, "plan.returned.superior")}),
        (appraisal.PlanAgreed, SITI, None, {(SITI, "plan.agreed")}),
        (appraisal.PlanAgreed, RINA, None, {(SITI, "plan.agreed"), (RINA, "plan.agreed.superior")}),
        (appraisal.PlanAgreed, None, None, {(SITI, "plan.agreed")}),
    ],
)
def test_a_plan_is_told_to_the_side_that_has_to_act_or_asked(
    kind: type[appraisal.PlanFact], proposed_by: UUID | None, waits_for: UUID | None, expected: set[Any]
) -> None:
    message = facts.plan(kind, proposed_by=proposed_by, waits_for=waits_for)
    assert {(to, template) for to, template, _ in told(message)} == expected


def test_ratings_and_results_are_told_to_the_employee() -> None:
    assert told(facts.rating()) == {(SITI, "rating.set", True)}
    assert told(facts.review_closed("baik")) == {(SITI, "review.closed", True)}
    assert told(facts.review_closed(None)) == {(SITI, "review.closed.unrated", True)}
    assert told(facts.review_adjusted()) == {(SITI, "review.adjusted", True)}


def test_numbers_are_kept_as_decimal_strings() -> None:
    message = facts.review_adjusted()
    [notice] = owed(message.event_id, message.data)
    assert notice.params == {"period": "2026-03", "old_percent": "88.5", "new_percent": None}


def test_a_closed_period_is_told_to_hr_with_its_counts() -> None:
    message = facts.period_closed()
    [notice] = owed(message.event_id, message.data)
    assert (notice.to, notice.template, notice.employee) == ("hr", "period.closed", None)
    assert notice.params == {"period": "2026-03", "expected": 5, "rated": 3, "not_rated": 2, "not_measured": 1}


@pytest.mark.parametrize("kind", ["below_standard", "below_threshold"])
def test_a_gap_is_told_once_an_opening_to_employee_and_superior(kind: Any) -> None:
    template = {"below_standard": "gap.found.standard", "below_threshold": "gap.found.threshold"}[kind]
    first, again = facts.gap(kind, opened=1, version=1), facts.gap(kind, opened=1, version=2)
    assert told(first) == {(SITI, template, True), ("superior", f"{template}.superior", True)}
    gap = known("gap")
    assert {o.event for o in owed(first.event_id, first.data)} == {uuid5(gap, "opened:1")}
    assert {o.event for o in owed(again.event_id, again.data)} == {uuid5(gap, "opened:1")}


def test_development_plans_and_enrolments_are_told_to_who_acts_and_whom_they_concern() -> None:
    assert told(development_plan()) == {
        (SITI, "development-plan.proposed", True),
        ("superior", "development-plan.proposed.superior", True),
    }
    assert told(development_plan(training.DevelopmentPlanApproved)) == {(SITI, "development-plan.approved", True)}
    assert told(development_plan(training.DevelopmentPlanReturned)) == {(SITI, "development-plan.returned", True)}
    assert told(facts.enrolment(training.Enrolled)) == {(SITI, "enrolment.enrolled", True)}
    assert told(facts.enrolment(training.EnrolmentCancelled)) == {(SITI, "enrolment.cancelled", True)}
    assert told(facts.enrolment(training.EnrolmentCompleted)) == {
        (SITI, "enrolment.completed", True),
        ("superior", "enrolment.completed.superior", True),
    }
    assert told(facts.competency_confirmed()) == {(SITI, "competency.confirmed", True)}


def test_a_superior_reads_whom_it_is_about_and_an_employee_does_not() -> None:
    message = development_plan()
    by_template = {o.template: o for o in owed(message.event_id, message.data)}
    assert by_template["development-plan.proposed.superior"].params == {
        "employee": str(SITI),
        "year": 2026,
        "competencies": ["komunikasi"],
    }
    assert by_template["development-plan.proposed"].params == {"year": 2026, "competencies": ["komunikasi"]}


def test_a_summary_is_one_notice_a_superior_and_day_that_counts_by_person_the_oldest_first() -> None:
    day = date(2026, 3, 10)
    notice = summary(LEO, day, {SITI: (2, date(2026, 3, 9)), BUDI: (5, date(2026, 3, 2))})
    assert notice.event == uuid5(LEO, "summary:2026-03-10")
    assert notice.to == LEO
    assert notice.params == {
        "day": "2026-03-10",
        "count": 7,
        "people": [
            {"employee": str(BUDI), "count": 5, "oldest": "2026-03-02"},
            {"employee": str(SITI), "count": 2, "oldest": "2026-03-09"},
        ],
    }


def test_parameters_hold_no_names_and_no_texts() -> None:
    allowed = {
        "period", "day", "year", "percent", "old_percent", "new_percent", "rule", "rule_version", "predicate",
        "work_result", "behaviour", "expected", "rated", "not_rated", "not_measured", "competency", "competencies",
        "level", "required", "starts", "completed", "employee", "webhook",
    }  # fmt: skip
    for message in facts.one_of_each(datetime(2026, 3, 10, tzinfo=UTC)):
        for notice in owed(message.event_id, message.data):
            assert notice.params.keys() <= allowed
