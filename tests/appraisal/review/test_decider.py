"""The rules of stating, rating, closing and adjusting."""

from datetime import date
from decimal import Decimal

import pytest

from services.appraisal.review.decider import (
    DECIDER,
    Adjust,
    Close,
    ConfirmRealisation,
    EnterRealisation,
    NothingToConfirm,
    NotManual,
    Rate,
    ReasonRequired,
    ReviewAlreadyClosed,
)
from services.appraisal.review.events import (
    RatingSet,
    RealisationConfirmed,
    RealisationEntered,
    ReviewAdjusted,
    ReviewClosed,
)
from services.appraisal.rules.achievement import InvalidRealisation
from services.appraisal.rules.predicate import Predicate, Rating
from services.appraisal.rules.recommendation import NATIONAL_DEFAULT
from shared.eventstore.texts import Text
from shared.testing.spec import given
from tests.appraisal.world import name, text

SARI, HEAD, REPORT = name("sari"), name("head"), name("report")
CLOSED = ReviewClosed(
    employee=SARI,
    period="2026-03",
    closed_on=date(2026, 4, 3),
    indicators=(),
    plan_revision=1,
    policy=NATIONAL_DEFAULT,
    percent=Decimal(60),
    recommendation=Rating.BELOW,
    measured=1,
    not_measured=0,
    rule="policy.recommended-rating",
    rule_version="1",
)
ENTERED = RealisationEntered(employee=SARI, period="2026-03", indicator=REPORT, value=Decimal(3), note=None)
CONFIRMED = RealisationConfirmed(indicator=REPORT, value=Decimal(3), confirmed_by=HEAD)
CONFIRM = ConfirmRealisation(indicator=REPORT, value=Decimal(3), by=HEAD)


def enter(value: str = "3") -> EnterRealisation:
    return EnterRealisation(
        employee=SARI, period="2026-03", indicator=REPORT, value=Decimal(value), note=None, manual=frozenset({REPORT})
    )


def rate(work: Rating, behaviour: Rating, words: Text | None = None) -> Rate:
    return Rate(
        employee=SARI,
        period="2026-03",
        work_result=work,
        behaviour=behaviour,
        recommended=Rating.BELOW,
        percent=Decimal(60),
        by=HEAD,
        text=words,
    )


def rated(work: Rating, behaviour: Rating, predicate: Predicate, words: Text | None = None) -> RatingSet:
    return RatingSet(
        employee=SARI,
        period="2026-03",
        work_result=work,
        behaviour=behaviour,
        predicate=predicate,
        rule="permenpanrb-6-2022.predikat",
        rule_version="1",
        recommended=Rating.BELOW,
        percent=Decimal(60),
        rated_by=HEAD,
        text=words,
    )


def test_a_stated_value_waits_until_that_very_value_is_confirmed() -> None:
    given(DECIDER).when(enter()).then(ENTERED)
    given(DECIDER, ENTERED).when(enter()).then()
    given(DECIDER, ENTERED).when(CONFIRM).then(CONFIRMED)
    given(DECIDER, ENTERED, CONFIRMED).when(CONFIRM).then()
    other = ConfirmRealisation(indicator=REPORT, value=Decimal(4), by=HEAD)
    given(DECIDER, ENTERED).when(other).refused(NothingToConfirm)
    given(DECIDER).when(CONFIRM).refused(NothingToConfirm)


def test_another_value_after_the_confirmation_waits_again() -> None:
    four = RealisationEntered(employee=SARI, period="2026-03", indicator=REPORT, value=Decimal(4), note=None)
    state = given(DECIDER, ENTERED, CONFIRMED).when(enter("4")).then(four)
    assert not state.manual[REPORT].confirmed


@pytest.mark.parametrize("value", ["NaN", "-0.5", "1E13", "0.0000001", "Infinity"])
def test_absurd_values_are_refused(value: str) -> None:
    given(DECIDER).when(enter(value)).refused(InvalidRealisation)


def test_only_indicators_measured_by_hand_take_a_value() -> None:
    command = EnterRealisation(
        employee=SARI, period="2026-03", indicator=REPORT, value=Decimal(1), note=None, manual=frozenset()
    )
    given(DECIDER).when(command).refused(NotManual)


def test_the_superior_decides_also_against_the_recommendation() -> None:
    given(DECIDER).when(rate(Rating.ABOVE, Rating.MEETS)).then(rated(Rating.ABOVE, Rating.MEETS, Predicate.BAIK))
    first = rated(Rating.ABOVE, Rating.MEETS, Predicate.BAIK)
    given(DECIDER, first).when(rate(Rating.ABOVE, Rating.MEETS)).then()
    best = rated(Rating.ABOVE, Rating.ABOVE, Predicate.SANGAT_BAIK)
    given(DECIDER, first).when(rate(Rating.ABOVE, Rating.ABOVE)).then(best)


def test_below_expectation_needs_a_text() -> None:
    given(DECIDER).when(rate(Rating.MEETS, Rating.BELOW)).refused(ReasonRequired)
    given(DECIDER).when(rate(Rating.BELOW, Rating.MEETS)).refused(ReasonRequired)
    given(DECIDER).when(rate(Rating.BELOW, Rating.MEETS, text("why"))).then(
        rated(Rating.BELOW, Rating.MEETS, Predicate.BUTUH_PERBAIKAN, text("why"))
    )


def test_a_closed_review_takes_nothing_more_from_people() -> None:
    given(DECIDER, CLOSED).when(rate(Rating.MEETS, Rating.MEETS)).refused(ReviewAlreadyClosed)
    given(DECIDER, CLOSED).when(enter()).refused(ReviewAlreadyClosed)
    given(DECIDER, ENTERED, CLOSED).when(CONFIRM).refused(ReviewAlreadyClosed)
    given(DECIDER, CLOSED).when(Close(frozen=CLOSED)).then()


def test_a_late_fact_adjusts_a_closed_review_once_with_old_new_and_cause() -> None:
    late = Adjust(percent=Decimal(75), cause="entry-imported", cause_source=name("late"))
    adjusted = ReviewAdjusted(
        old_percent=Decimal(60), new_percent=Decimal(75), cause="entry-imported", cause_source=name("late")
    )
    given(DECIDER).when(late).then()
    given(DECIDER, CLOSED).when(late).then(adjusted)
    given(DECIDER, CLOSED, adjusted).when(late).then()
    given(DECIDER, CLOSED, adjusted).when(Adjust(percent=None, cause="x", cause_source=None)).then(
        ReviewAdjusted(old_percent=Decimal(75), new_percent=None, cause="x", cause_source=None)
    )
