"""Rules of an enrolment, told as given, when and then."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from services.training.enrolment.decider import (
    DECIDER,
    AlreadyCompleted,
    Cancel,
    CompetencyNotOfCourse,
    Complete,
    CompletedBeforeStart,
    CompletedInFuture,
    Confirm,
    Enrol,
    EnrolmentCancelled,
    NotCompleted,
)
from services.training.enrolment.events import Cancelled, Completed, Enrolled, LevelConfirmed
from shared.errors import NotFound
from shared.eventstore.texts import Text
from shared.testing.spec import given

ANI, BUDI, COURSE, PLAN, NEED = (UUID(int=n) for n in range(1, 6))
CERTIFICATE, OTHER, WHY = (Text(UUID(int=n), f"hash {n}") for n in (11, 12, 13))

ENROL = Enrol(
    employee=ANI, course=COURSE, competencies=("komunikasi", "tim"), needs=(NEED,), plan=PLAN, starts=date(2026, 4, 1)
)
ENROLLED = Enrolled(
    employee=ANI, course=COURSE, competencies=("komunikasi", "tim"), needs=(NEED,), plan=PLAN, starts=date(2026, 4, 1)
)
COMPLETE = Complete(on=date(2026, 4, 3), today=date(2026, 4, 3), jp=16, certificate=CERTIFICATE)
COMPLETED = Completed(on=date(2026, 4, 3), jp=16, certificate=CERTIFICATE, file_hash=None)
CANCELLED = Cancelled(by=ANI, reason=WHY)


def confirmed(competency: str = "komunikasi", level: int = 3) -> LevelConfirmed:
    return LevelConfirmed(competency=competency, level=level, by=BUDI)


def test_a_seat_is_taken_once() -> None:
    assert given(DECIDER).when(ENROL).then(ENROLLED).status == "enrolled"
    given(DECIDER, ENROLLED).when(ENROL).then()
    given(DECIDER, ENROLLED, CANCELLED).when(ENROL).then()


def test_completion_needs_a_certificate_and_is_said_once() -> None:
    assert given(DECIDER, ENROLLED).when(COMPLETE).then(COMPLETED).status == "completed"
    before = ENROLLED, COMPLETED
    given(DECIDER, *before).when(COMPLETE).then()
    given(DECIDER, *before).when(replace(COMPLETE, jp=20)).then()
    given(DECIDER, *before).when(replace(COMPLETE, certificate=OTHER)).refused(AlreadyCompleted)
    given(DECIDER, *before).when(replace(COMPLETE, on=date(2026, 4, 2))).refused(AlreadyCompleted)


def test_completion_lies_between_the_start_and_today() -> None:
    late = replace(COMPLETE, on=date(2026, 4, 4))
    assert given(DECIDER, ENROLLED).when(late).refused(CompletedInFuture).facts == {"today": "2026-04-03"}
    given(DECIDER, ENROLLED).when(replace(COMPLETE, on=date(2026, 3, 31))).refused(CompletedBeforeStart)
    first_day = replace(COMPLETE, on=date(2026, 4, 1))
    given(DECIDER, ENROLLED).when(first_day).then(replace(COMPLETED, on=date(2026, 4, 1)))
    given(DECIDER, replace(ENROLLED, starts=None)).when(replace(COMPLETE, on=date(2026, 3, 31))).then(
        replace(COMPLETED, on=date(2026, 3, 31))
    )


def test_a_level_is_confirmed_only_after_completion() -> None:
    given(DECIDER, ENROLLED).when(Confirm("komunikasi", 3, BUDI)).refused(NotCompleted)


def test_an_enrolment_is_confirmed_when_all_its_competencies_are() -> None:
    before = ENROLLED, COMPLETED
    assert given(DECIDER, *before).when(Confirm("komunikasi", 3, BUDI)).then(confirmed()).status == "completed"
    given(DECIDER, *before, confirmed()).when(Confirm("komunikasi", 3, BUDI)).then()
    state = given(DECIDER, *before, confirmed()).when(Confirm("tim", 2, BUDI)).then(confirmed("tim", 2))
    assert (state.status, dict(state.levels)) == ("confirmed", {"komunikasi": 3, "tim": 2})


def test_a_confirmed_level_can_be_corrected() -> None:
    before = ENROLLED, COMPLETED, confirmed()
    given(DECIDER, *before).when(Confirm("komunikasi", 2, BUDI)).then(confirmed(level=2))


def test_a_level_of_a_competency_that_the_course_is_not_for_is_refused() -> None:
    given(DECIDER, ENROLLED, COMPLETED).when(Confirm("hukum", 3, BUDI)).refused(CompetencyNotOfCourse)


def test_a_seat_can_be_given_up_until_completion() -> None:
    assert given(DECIDER, ENROLLED).when(Cancel(ANI, WHY)).then(CANCELLED).status == "cancelled"
    given(DECIDER, ENROLLED, CANCELLED).when(Cancel(BUDI, WHY)).then()
    given(DECIDER, ENROLLED, COMPLETED).when(Cancel(ANI, WHY)).refused(AlreadyCompleted)


def test_nothing_happens_to_a_cancelled_or_unknown_enrolment() -> None:
    for command in (COMPLETE, Confirm("komunikasi", 3, BUDI)):
        given(DECIDER, ENROLLED, CANCELLED).when(command).refused(EnrolmentCancelled)
        given(DECIDER).when(command).refused(NotFound)
