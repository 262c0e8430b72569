"""The rules of agreeing a plan."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.appraisal.plan.contract import publish
from services.appraisal.plan.decider import (
    DECIDER,
    Agree,
    Import,
    InvalidPlan,
    NothingProposed,
    OtherSideDecides,
    ProposalChanged,
    Propose,
    Return,
)
from services.appraisal.plan.events import PlanAgreed, PlanImported, PlanProposed, PlanReturned, Side
from services.appraisal.plan.slice import PLAN
from services.appraisal.rules.achievement import (
    Direction,
    InvalidTarget,
    NumberTarget,
    RangeTarget,
    ZeroRule,
    ZeroTargetNeedsRule,
)
from shared.errors import Refusal
from shared.eventstore.decider import Recorded
from shared.testing.spec import given
from tests.appraisal.world import NOON, indicator, name, results, text

SARI, HEAD = name("sari"), name("head")
FIRST, SECOND = results(indicator(target=20)), results(indicator(target=30))
REASON = text("reason")


def propose(what: Any = FIRST, side: Side = "employee") -> Propose:
    by, other = (SARI, HEAD) if side == "employee" else (HEAD, SARI)
    return Propose(employee=SARI, year=2026, by=by, side=side, waits_for=other, results=what)


def proposed(what: Any = FIRST, revision: int = 1, side: Side = "employee") -> PlanProposed:
    by, other = (SARI, HEAD) if side == "employee" else (HEAD, SARI)
    return PlanProposed(
        employee=SARI, year=2026, revision=revision, proposed_by=by, side=side, waits_for=other, results=what
    )


def imported(what: Any = FIRST, revision: int = 1) -> PlanImported:
    return PlanImported(
        employee=SARI, year=2026, revision=revision, source="e-kinerja", file_hash="a" * 64, results=what
    )


IMPORT = Import(employee=SARI, year=2026, source="e-kinerja", file_hash="b" * 64, results=FIRST)
AGREED = PlanAgreed(agreed_by=HEAD, revision=1)


def test_one_side_proposes_and_the_other_agrees() -> None:
    given(DECIDER).when(propose()).then(proposed())
    given(DECIDER, proposed()).when(Agree(by=HEAD, side="superior", revision=1)).then(AGREED)
    given(DECIDER, proposed(side="superior")).when(Agree(by=SARI, side="employee", revision=1)).then(
        PlanAgreed(agreed_by=SARI, revision=1)
    )


def test_nobody_agrees_or_returns_what_they_proposed_themselves() -> None:
    given(DECIDER, proposed()).when(Agree(by=SARI, side="employee", revision=1)).refused(OtherSideDecides)
    own = Return(by=SARI, side="employee", revision=1, reason=REASON)
    given(DECIDER, proposed()).when(own).refused(OtherSideDecides)


def test_only_the_revision_that_was_seen_is_agreed() -> None:
    seen = Agree(by=HEAD, side="superior", revision=1)
    refusal = given(DECIDER, proposed(), proposed(SECOND, 2)).when(seen).refused(ProposalChanged)
    assert refusal.facts == {"revision": 2}
    given(DECIDER).when(seen).refused(NothingProposed)


def test_repeating_a_command_changes_nothing() -> None:
    given(DECIDER, proposed()).when(propose()).then()
    given(DECIDER, proposed(), AGREED).when(Agree(by=HEAD, side="superior", revision=1)).then()
    given(DECIDER, proposed(), AGREED).when(propose()).then()
    back = PlanReturned(returned_by=HEAD, reason=REASON)
    again = Return(by=HEAD, side="superior", revision=1, reason=REASON)
    given(DECIDER, proposed(), back).when(again).then()
    given(DECIDER, imported()).when(IMPORT).then()


def test_the_agreed_plan_stays_in_force_while_a_new_one_waits() -> None:
    state = given(DECIDER, proposed(), AGREED).when(propose(SECOND, "superior")).then(proposed(SECOND, 2, "superior"))
    assert (state.agreed, state.agreed_revision, state.proposal) == (FIRST, 1, SECOND)
    state = (
        given(DECIDER, proposed(), AGREED, proposed(SECOND, 2, "superior"))
        .when(Agree(by=SARI, side="employee", revision=2))
        .then(PlanAgreed(agreed_by=SARI, revision=2))
    )
    assert (state.agreed, state.agreed_revision, state.proposal) == (SECOND, 2, None)


def test_a_returned_plan_may_be_proposed_again_and_then_agreed() -> None:
    back = PlanReturned(returned_by=HEAD, reason=REASON)
    given(DECIDER, proposed(), back).when(Agree(by=HEAD, side="superior", revision=1)).refused(NothingProposed)
    given(DECIDER, proposed(), back).when(propose()).then(proposed(revision=2))


def test_an_import_beside_a_waiting_proposal_is_in_force_and_the_proposal_still_waits() -> None:
    state = given(DECIDER, proposed(SECOND)).when(IMPORT).then(replace(imported(revision=2), file_hash="b" * 64))
    assert (state.agreed, state.proposal, state.status) == (FIRST, SECOND, "proposed")
    given(DECIDER, proposed(SECOND), imported(revision=2)).when(Agree(by=HEAD, side="superior", revision=1)).then(
        AGREED
    )


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ((), InvalidPlan),
        (results(), InvalidPlan),
        (results(indicator(), indicator()), InvalidPlan),
        (results() + results(indicator()), InvalidPlan),
        (results(*(indicator(f"i{n}") for n in range(101))), InvalidPlan),
        (results(indicator(product="ktp")), InvalidPlan),
        (results(indicator(target=0)), InvalidTarget),
        (results(indicator(target=0, direction=Direction.LOWER)), ZeroTargetNeedsRule),
        (results(indicator(target=RangeTarget(Decimal(9), Decimal(8)))), InvalidTarget),
    ],
)
def test_plans_that_cannot_be_measured_are_refused(wrong: Any, refusal: type[Refusal]) -> None:
    given(DECIDER).when(propose(wrong)).refused(refusal)
    given(DECIDER).when(replace(IMPORT, results=wrong)).refused(refusal)


def test_a_zero_target_with_a_rule_is_accepted() -> None:
    zero = indicator(target=0, direction=Direction.LOWER, zero_rule=ZeroRule.MEETS_IF_ZERO)
    given(DECIDER).when(propose(results(zero))).then(proposed(results(zero)))


def test_others_learn_what_is_proposed_and_what_is_in_force() -> None:
    state = (
        given(DECIDER, imported())
        .when(propose(results(indicator("visits"))))
        .then(proposed(results(indicator("visits")), 2))
    )
    at = Recorded(instansi="medan", stream=name("plan"), version=2, occurred_at=NOON, recorded_at=NOON, meta={})
    message = publish(proposed(results(indicator("visits")), 2), state, at)
    assert message.TYPE == "appraisal.plan.proposed"
    told = message.model_dump()
    assert [each["indicator"] for each in told["indicators"]] == [name("visits")]
    assert [each["indicator"] for each in told["in_force"]] == [name("examinations")]
    assert (told["status"], told["waits_for"]) == ("proposed", HEAD)


def test_stored_events_come_back_as_they_were() -> None:
    of = indicator(
        target=RangeTarget(Decimal("7"), Decimal("8.50")), direction=Direction.LOWER, competency="KOMUNIKASI"
    )
    for event in (proposed(results(of)), imported(results(indicator(target=NumberTarget(Decimal("0.1")))))):
        stored, schema, data = PLAN.events.dump(event)
        assert PLAN.events.load(stored, schema, json.loads(data)) == event
