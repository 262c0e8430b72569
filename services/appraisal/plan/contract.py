"""What others learn of a plan."""

from typing import Any, assert_never

from services.appraisal.plan.decider import State
from services.appraisal.plan.events import Event, PlanAgreed, PlanImported, PlanProposed, PlanReturned, WorkResult
from shared.contracts import appraisal as public
from shared.contracts.base import Message
from shared.eventstore.decider import Recorded


def publish(event: Event, state: State, at: Recorded) -> Message:
    """The plan after the event."""
    match event:
        case PlanProposed():
            return public.PlanProposed(**_fact(state, at, "proposed", state.proposal))
        case PlanReturned():
            return public.PlanReturned(**_fact(state, at, "returned", state.proposal))
        case PlanAgreed() | PlanImported():
            return public.PlanAgreed(**_fact(state, at, "agreed", state.agreed))
        case _:
            assert_never(event)


def _fact(state: State, at: Recorded, status: str, results: tuple[WorkResult, ...] | None) -> dict[str, Any]:
    return {
        "plan": at.stream,
        "employee": state.employee,
        "year": state.year,
        "status": status,
        "indicators": _indicators(results),
        "in_force": _indicators(state.agreed),
        "proposed_by": state.proposed_by,
        "waits_for": state.waits_for,
    }


def _indicators(results: tuple[WorkResult, ...] | None) -> tuple[public.PlanIndicator, ...]:
    return tuple(
        public.PlanIndicator(
            indicator=indicator.id,
            work_result=result.id,
            measure=indicator.measure,
            product=indicator.product,
            competency=indicator.competency,
        )
        for result in results or ()
        for indicator in result.indicators
    )
