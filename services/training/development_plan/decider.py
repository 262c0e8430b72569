"""The rules of a development plan: proposed from open needs, approved or returned by the superior."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, assert_never
from uuid import UUID

from services.training.development_plan.events import Approved, Event, Item, NeedsEnded, Proposed, Returned
from shared.errors import Refusal
from shared.eventstore.decider import Decider
from shared.eventstore.texts import Text
from shared.ids import derived_id

Status = Literal["proposed", "approved", "returned", "completed"]


class NotProposed(Refusal):
    """Only a plan that waits for the superior can be approved or returned."""

    code = "plan-not-proposed"
    status = 409


class NoCourseYet(Refusal):
    """None of the waiting needs has a course."""

    code = "no-course-yet"
    status = 409


class NeedNotWaiting(Refusal):
    """A course can be chosen only for a need that waits in this plan."""

    code = "need-not-waiting"
    status = 409


@dataclass(frozen=True, slots=True)
class Wanted:
    """An open need, the best course for it, and all courses that raise its competency."""

    need: UUID
    competency: str
    best: UUID | None
    fits: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Sync:
    """Bring the plan in line with the open needs; `released` are approved (need, course) that came to nothing."""

    employee: UUID
    year: int
    wanted: tuple[Wanted, ...]
    released: frozenset[tuple[UUID, UUID]] = frozenset()


@dataclass(frozen=True, slots=True)
class Choose:
    """Take these courses for waiting needs instead of the proposed ones."""

    courses: Mapping[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Approve:
    """Carry out every waiting item that has a course."""

    by: UUID
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """Ask for other courses, saying why."""

    by: UUID
    reason: Text


Command = Sync | Choose | Approve | Return


@dataclass(frozen=True, slots=True)
class State:
    """`approved` holds the newest approved item of each need, `ended` those of them that are to be done no longer."""

    employee: UUID | None = None
    year: int = 0
    status: Status = "completed"
    waiting: tuple[Item, ...] = ()
    approved: tuple[Item, ...] = ()
    ended: frozenset[UUID] = field(default_factory=frozenset)
    decided_by: UUID | None = None
    reason: Text | None = None

    @property
    def running(self) -> dict[UUID, Item]:
        """Approved items that are still to be done."""
        return {item.need: item for item in self.approved if item.need not in self.ended}


def plan_id(instansi: str, employee: UUID, year: int) -> UUID:
    """The stream of the plan of one employee and year."""
    return derived_id(datetime(year, 1, 1, tzinfo=UTC), instansi, "development-plan", str(employee), str(year))


def decide(state: State, command: Command) -> Sequence[Event]:
    """The new facts, or a refusal."""
    match command:
        case Sync():
            return _sync(state, command)
        case Choose():
            return _choose(state, command)
        case Approve(by, reason):
            if state.status in ("approved", "completed"):
                return []
            _demand_proposed(state)
            needs = tuple(item.need for item in state.waiting if item.course is not None)
            if not needs:
                raise NoCourseYet(
                    "Belum ada pelatihan untuk kebutuhan ini; tambahkan ke katalog. / "
                    "There is no course for these needs yet; add one to the catalogue."
                )
            return [Approved(needs=needs, by=by, reason=reason)]
        case Return(by, reason):
            if state.status == "returned" and (state.decided_by, state.reason) == (by, reason):
                return []
            _demand_proposed(state)
            return [Returned(by=by, reason=reason)]
        case _:
            assert_never(command)


def _demand_proposed(state: State) -> None:
    if state.status != "proposed":
        raise NotProposed(
            f"Rencana ini tidak sedang menunggu keputusan ({state.status}). / "
            f"This plan does not wait for a decision: it is {state.status}.",
            plan_status=state.status,
        )


def _sync(state: State, command: Sync) -> list[Event]:
    wanted = {want.need: want for want in command.wanted}
    ended = ({item.need for item in state.waiting} | state.running.keys()) - wanted.keys()
    events: list[Event] = [NeedsEnded(needs=tuple(sorted(ended)))] if ended else []
    running = {need for need, item in state.running.items() if (need, item.course) not in command.released}
    items = tuple(_item(state, wanted[need]) for need in sorted(wanted.keys() - running))
    if items != tuple(item for item in state.waiting if item.need in wanted):
        events.append(Proposed(employee=command.employee, year=command.year, items=items))
    return events


def _item(state: State, want: Wanted) -> Item:
    """What is proposed for a need: a person's choice while that course is offered, else the best one."""
    waiting = next((item for item in state.waiting if item.need == want.need), None)
    if waiting and waiting.chosen and waiting.course in want.fits:
        return waiting
    done = next((item.attempt for item in state.approved if item.need == want.need), 0)
    return Item(need=want.need, competency=want.competency, course=want.best, attempt=done + 1)


def _choose(state: State, command: Choose) -> list[Event]:
    unknown = command.courses.keys() - {item.need for item in state.waiting}
    if unknown:
        raise NeedNotWaiting(
            "Kebutuhan ini tidak sedang menunggu dalam rencana ini; muat ulang. / "
            "This need does not wait in this plan; reload it.",
            needs=sorted(str(need) for need in unknown),
        )
    items = tuple(
        replace(item, course=command.courses[item.need], chosen=True) if item.need in command.courses else item
        for item in state.waiting
    )
    if not items or state.employee is None or (items == state.waiting and state.status != "returned"):
        return []
    return [Proposed(employee=state.employee, year=state.year, items=items)]


def evolve(state: State, event: Event) -> State:
    """The state after a fact."""
    match event:
        case Proposed(employee=employee, year=year, items=items):
            after = replace(state, employee=employee, year=year, waiting=items, decided_by=None, reason=None)
            return _ended(replace(after, status="proposed"), {item.need for item in items})
        case Approved(needs=needs, by=by, reason=reason):
            fresh = {item.need: item for item in state.waiting if item.need in needs}
            approved = {item.need: item for item in state.approved} | fresh
            return replace(
                state,
                status="approved",
                waiting=tuple(item for item in state.waiting if item.need not in fresh),
                approved=tuple(approved[need] for need in sorted(approved)),
                ended=state.ended - fresh.keys(),
                decided_by=by,
                reason=reason,
            )
        case Returned(by=by, reason=reason):
            return replace(state, status="returned", decided_by=by, reason=reason)
        case NeedsEnded(needs=needs):
            waiting = tuple(item for item in state.waiting if item.need not in needs)
            after = _ended(replace(state, waiting=waiting), set(needs))
            if waiting:
                return after
            return replace(after, status="approved" if after.running else "completed")
        case _:
            assert_never(event)


def _ended(state: State, needs: set[UUID]) -> State:
    return replace(state, ended=state.ended | (needs & {item.need for item in state.approved}))


DECIDER: Decider[State, Command, Event] = Decider(State(), decide, evolve)
