"""The rules of agreeing a plan: one side proposes, the other agrees; PermenPANRB 6/2022."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never
from uuid import UUID

from services.appraisal.plan.events import (
    Event,
    Indicator,
    PlanAgreed,
    PlanImported,
    PlanProposed,
    PlanReturned,
    Side,
    WorkResult,
)
from services.appraisal.rules.achievement import check_target
from shared.errors import Refusal
from shared.eventstore.decider import Decider
from shared.eventstore.texts import Text

LARGEST_PLAN = 100
_OVER_RECORDS = ("on_time_share", "mean_duration")

_NOBODY = UUID(int=0)


class NothingProposed(Refusal):
    """No proposal waits."""

    code = "nothing-proposed"
    status = 409


class OtherSideDecides(Refusal):
    """Who proposed cannot also agree or return."""

    code = "other-side-decides"
    status = 409


class ProposalChanged(Refusal):
    """The proposal that was seen is no longer the one that waits."""

    code = "proposal-changed"
    status = 409


class InvalidPlan(Refusal):
    """The work results contradict themselves."""

    code = "invalid-plan"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """Put work results forward; the other side, `waits_for`, has to agree."""

    employee: UUID
    year: int
    by: UUID
    side: Side
    waits_for: UUID | None
    results: tuple[WorkResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Send the proposal back with a reason."""

    by: UUID
    side: Side
    revision: int
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Agree:
    """Agree the proposal of this revision."""

    by: UUID
    side: Side
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """Take over a plan agreed in another system (`source`, a code)."""

    employee: UUID
    year: int
    source: str
    file_hash: str
    results: tuple[WorkResult, ...]


Command = Propose | Return | Agree | Import


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The plan: what waits, what is in force, and the last revision given."""

    employee: UUID = _NOBODY
    year: int = 0
    revision: int = 0
    status: Literal["proposed", "returned", "agreed"] | None = None
    proposal: tuple[WorkResult, ...] | None = None
    proposal_revision: int | None = None
    proposed_by: UUID | None = None
    side: Side | None = None
    waits_for: UUID | None = None
    agreed: tuple[WorkResult, ...] | None = None
    agreed_revision: int | None = None
    source: str | None = None


def decide(state: State, command: Command) -> Sequence[Event]:
    """New events, none when the command changes nothing."""
    match command:
        case Propose():
            return _propose(state, command)
        case Return(by=by, reason=reason):
            if state.status == "returned" and state.proposal_revision == command.revision:
                return []
            _check_waiting(state, command)
            return [PlanReturned(returned_by=by, reason=reason)]
        case Agree(by=by, revision=revision):
            if state.status == "agreed" and state.agreed_revision == revision:
                return []
            _check_waiting(state, command)
            return [PlanAgreed(agreed_by=by, revision=revision)]
        case Import():
            return _import(state, command)
        case _:
            assert_never(command)


def _propose(state: State, command: Propose) -> Sequence[Event]:
    if state.status == "proposed" and (command.results, command.side) == (state.proposal, state.side):
        return []
    if state.status == "agreed" and command.results == state.agreed:
        return []
    check(command.results)
    return [
        PlanProposed(
            employee=command.employee,
            year=command.year,
            revision=state.revision + 1,
            proposed_by=command.by,
            side=command.side,
            waits_for=command.waits_for,
            results=command.results,
        )
    ]


def _import(state: State, command: Import) -> Sequence[Event]:
    if command.results == state.agreed and command.source == state.source:
        return []
    check(command.results)
    return [
        PlanImported(
            employee=command.employee,
            year=command.year,
            revision=state.revision + 1,
            source=command.source,
            file_hash=command.file_hash,
            results=command.results,
        )
    ]


def _check_waiting(state: State, command: Return | Agree) -> None:
    if state.status != "proposed":
        raise NothingProposed(
            "Tidak ada usulan SKP yang menunggu; usulkan dahulu. / No proposal waits; propose a plan first."
        )
    if state.proposal_revision != command.revision:
        raise ProposalChanged(
            "Usulan sudah berubah: muat ulang, lalu putuskan lagi. / The proposal changed: read it again, then decide.",
            revision=state.proposal_revision,
        )
    if state.side == command.side:
        raise OtherSideDecides(
            "Usulan disetujui atau dikembalikan oleh pihak lain. / The other side agrees or returns a proposal."
        )


def check(results: tuple[WorkResult, ...]) -> None:
    """Refuse work results that no plan may hold: InvalidPlan, or what `check_target` raises."""
    indicators = [indicator for result in results for indicator in result.indicators]
    if not 1 <= len(indicators) <= LARGEST_PLAN:
        raise InvalidPlan(
            f"SKP memuat 1 sampai {LARGEST_PLAN} indikator. / A plan has 1 to {LARGEST_PLAN} indicators.",
            indicators=len(indicators),
        )
    for ids in ([indicator.id for indicator in indicators], [result.id for result in results]):
        if len(set(ids)) < len(ids):
            raise InvalidPlan("Id ganda di dalam SKP: pakai id lain. / An id appears twice in the plan: use another.")
    for indicator in indicators:
        _check_indicator(indicator)


def _check_indicator(indicator: Indicator) -> None:
    check_target(indicator.target, indicator.direction, indicator.zero_rule)
    if indicator.product is not None and indicator.measure not in _OVER_RECORDS:
        raise InvalidPlan(
            "Produk hanya untuk ukuran atas catatan layanan. / A product is only for measures over service records.",
            indicator=str(indicator.id),
        )


def evolve(state: State, event: Event) -> State:
    """The plan after the event."""
    match event:
        case PlanProposed():
            return replace(
                state,
                employee=event.employee,
                year=event.year,
                revision=event.revision,
                status="proposed",
                proposal=event.results,
                proposal_revision=event.revision,
                proposed_by=event.proposed_by,
                side=event.side,
                waits_for=event.waits_for,
            )
        case PlanReturned():
            return replace(state, status="returned", waits_for=state.proposed_by)
        case PlanAgreed(revision=revision):
            return replace(_settled(state), agreed=state.proposal, agreed_revision=revision, source=None)
        case PlanImported():
            return replace(
                state if state.status == "proposed" else _settled(state),
                employee=event.employee,
                year=event.year,
                revision=event.revision,
                agreed=event.results,
                agreed_revision=event.revision,
                source=event.source,
            )
        case _:
            assert_never(event)


def _settled(state: State) -> State:
    return replace(state, status="agreed", proposal=None, proposal_revision=None, side=None, waits_for=None)


DECIDER: Decider[State, Command, Event] = Decider(State(), decide, evolve)
