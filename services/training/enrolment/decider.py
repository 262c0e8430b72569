"""The rules of an enrolment: enrolled, completed with a certificate, its competencies confirmed, or cancelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Literal, assert_never
from uuid import UUID

from services.training.enrolment.events import Cancelled, Completed, Enrolled, Event, LevelConfirmed
from shared.errors import NotFound, Refusal
from shared.eventstore.decider import Decider
from shared.eventstore.texts import Text
from shared.ids import derived_id, id_time

Status = Literal["enrolled", "completed", "confirmed", "cancelled"]


class CompletedInFuture(Refusal):
    """A course cannot be completed on a day to come."""

    code = "completed-in-future"
    status = 422


class CompletedBeforeStart(Refusal):
    """A course cannot be completed before its run starts."""

    code = "completed-before-start"
    status = 422


class AlreadyCompleted(Refusal):
    """The enrolment was completed with another date or certificate."""

    code = "already-completed"
    status = 409


class NotCompleted(Refusal):
    """A level is confirmed only after the course was completed."""

    code = "not-completed"
    status = 409


class EnrolmentCancelled(Refusal):
    """Nothing can happen to a seat that was given up."""

    code = "enrolment-cancelled"
    status = 409


class CompetencyNotOfCourse(Refusal):
    """The enrolment is for other competencies."""

    code = "competency-not-of-course"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrol:
    """Take a seat; see Enrolled."""

    employee: UUID
    course: UUID
    competencies: tuple[str, ...]
    needs: tuple[UUID, ...]
    plan: UUID
    starts: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Report completion; `today` is the day in the zone of the instansi."""

    on: date
    today: date
    jp: int
    certificate: Text
    file_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """Say which level the employee masters now."""

    competency: str
    level: int
    by: UUID


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give the seat up."""

    by: UUID
    reason: Text


Command = Enrol | Complete | Confirm | Cancel


@dataclass(frozen=True, slots=True)
class State:
    """`levels` are the confirmed ones by competency; `status` None: there is no such enrolment."""

    status: Status | None = None
    enrolled: Enrolled | None = None
    completed: Completed | None = None
    levels: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    cancelled: Cancelled | None = None


def enrolment_id(plan: UUID, need: UUID, attempt: int) -> UUID:
    """The stream of the n-th enrolment for a need of a plan, so that a repeated approval makes no second one."""
    return derived_id(id_time(plan), "enrolment", str(plan), str(need), str(attempt))


def decide(state: State, command: Command) -> Sequence[Event]:
    """The new facts, or a refusal."""
    if isinstance(command, Enrol):
        return [] if state.enrolled else [_enrolled(command)]
    if state.enrolled is None:
        raise NotFound("Pendaftaran ini tidak ada. / There is no such enrolment.")
    match command:
        case Complete():
            return _complete(state, state.enrolled, command)
        case Confirm():
            return _confirm(state, state.enrolled, command)
        case Cancel(by, reason):
            if state.status == "cancelled":
                return []
            if state.status != "enrolled":
                raise AlreadyCompleted(
                    "Pelatihan sudah selesai dan tidak dapat dibatalkan. / "
                    "The course was completed and cannot be cancelled."
                )
            return [Cancelled(by=by, reason=reason)]
        case _:
            assert_never(command)


def _enrolled(command: Enrol) -> Enrolled:
    return Enrolled(
        employee=command.employee,
        course=command.course,
        competencies=command.competencies,
        needs=command.needs,
        plan=command.plan,
        starts=command.starts,
    )


def _complete(state: State, enrolled: Enrolled, command: Complete) -> list[Event]:
    event = Completed(on=command.on, jp=command.jp, certificate=command.certificate, file_hash=command.file_hash)
    _demand_seat(state)
    if state.completed is not None:
        if replace(event, jp=state.completed.jp) == state.completed:
            return []
        raise AlreadyCompleted(
            "Pelatihan ini sudah diselesaikan dengan tanggal atau sertifikat lain. / "
            "This course was completed with another date or certificate."
        )
    if command.on > command.today:
        raise CompletedInFuture(
            "Tanggal selesai belum tiba; isi tanggal hari ini atau sebelumnya. / "
            "The day of completion is still to come; give today or an earlier day.",
            today=command.today.isoformat(),
        )
    if enrolled.starts is not None and command.on < enrolled.starts:
        raise CompletedBeforeStart(
            "Tanggal selesai lebih awal dari tanggal mulai. / The day of completion lies before the start.",
            starts=enrolled.starts.isoformat(),
        )
    return [event]


def _confirm(state: State, enrolled: Enrolled, command: Confirm) -> list[Event]:
    _demand_seat(state)
    if state.completed is None:
        raise NotCompleted(
            "Pelatihan belum selesai; laporkan penyelesaiannya dahulu. / "
            "The course is not completed; report its completion first."
        )
    if command.competency not in enrolled.competencies:
        raise CompetencyNotOfCourse(
            "Pendaftaran ini untuk kompetensi lain. / This enrolment is for other competencies.",
            competencies=list(enrolled.competencies),
        )
    if state.levels.get(command.competency) == command.level:
        return []
    return [LevelConfirmed(competency=command.competency, level=command.level, by=command.by)]


def _demand_seat(state: State) -> None:
    if state.status == "cancelled":
        raise EnrolmentCancelled("Pendaftaran ini sudah dibatalkan. / This enrolment was cancelled.")


def evolve(state: State, event: Event) -> State:
    """The state after a fact; confirmed when every competency of the enrolment is."""
    match event:
        case Enrolled():
            return replace(state, status="enrolled", enrolled=event)
        case Completed():
            return replace(state, status="completed", completed=event)
        case LevelConfirmed(competency=competency, level=level):
            levels = {**state.levels, competency: level}
            whole = state.enrolled is not None and levels.keys() >= set(state.enrolled.competencies)
            return replace(state, status="confirmed" if whole else "completed", levels=levels)
        case Cancelled():
            return replace(state, status="cancelled", cancelled=event)
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, Event] = Decider(State(), decide, evolve)
