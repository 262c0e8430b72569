"""The rules of rating and closing a review."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import assert_never
from uuid import UUID

from services.appraisal.review.events import (
    Event,
    RatingSet,
    RealisationConfirmed,
    RealisationEntered,
    ReviewAdjusted,
    ReviewClosed,
)
from services.appraisal.rules.achievement import InvalidRealisation
from services.appraisal.rules.predicate import Rating, predicate_of
from shared.errors import Refusal
from shared.eventstore.decider import Decider
from shared.eventstore.texts import Text

LARGEST_REALISATION = Decimal("1E12")

_NOBODY = UUID(int=0)


class ReviewAlreadyClosed(Refusal):
    """A closed review takes no rating and no realisation any more."""

    code = "review-closed"
    status = 409


class NotManual(Refusal):
    """The agreed plan has no indicator of this id whose realisation is stated by hand."""

    code = "indicator-not-manual"
    status = 422


class ReasonRequired(Refusal):
    """A rating below expectation needs a text that says why."""

    code = "reason-required"
    status = 422


class NothingToConfirm(Refusal):
    """No such value waits for confirmation."""

    code = "nothing-to-confirm"
    status = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterRealisation:
    """State the realisation of `indicator`; `manual` are the indicators of the agreed plan that allow it."""

    employee: UUID
    period: str
    indicator: UUID
    value: Decimal
    note: Text | None
    manual: frozenset[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmRealisation:
    """Confirm the value that was seen."""

    indicator: UUID
    value: Decimal
    by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Set both ratings, seeing what was recommended."""

    employee: UUID
    period: str
    work_result: Rating
    behaviour: Rating
    recommended: Rating | None
    percent: Decimal | None
    by: UUID
    text: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Freeze what was computed, with its inputs."""

    frozen: ReviewClosed


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjust:
    """Keep that the score of a closed review is now `percent`, and why."""

    percent: Decimal | None
    cause: str
    cause_source: UUID | None


Command = EnterRealisation | ConfirmRealisation | Rate | Close | Adjust


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A realisation stated by hand."""

    value: Decimal
    note: Text | None
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What people and the closing added; `percent` is that of the closing or of the last adjustment."""

    employee: UUID = _NOBODY
    period: str = ""
    manual: Mapping[UUID, Stated] = field(default_factory=dict)
    rating: RatingSet | None = None
    closed: ReviewClosed | None = None
    percent: Decimal | None = None
    adjustments: int = 0


def decide(state: State, command: Command) -> Sequence[Event]:
    """New events, none when the command changes nothing."""
    match command:
        case EnterRealisation():
            return _enter(state, command)
        case ConfirmRealisation(indicator=indicator, value=value, by=by):
            stated = state.manual.get(indicator)
            if stated is None or stated.value != value:
                raise NothingToConfirm(
                    "Nilai ini tidak menunggu konfirmasi: muat ulang. / This value does not wait: read again.",
                    indicator=str(indicator),
                )
            if stated.confirmed:
                return []
            _check_open(state)
            return [RealisationConfirmed(indicator=indicator, value=value, confirmed_by=by)]
        case Rate():
            return _rate(state, command)
        case Close(frozen=frozen):
            return [] if state.closed else [frozen]
        case Adjust(percent=percent, cause=cause, cause_source=source):
            if state.closed is None or percent == state.percent:
                return []
            return [ReviewAdjusted(old_percent=state.percent, new_percent=percent, cause=cause, cause_source=source)]
        case _:
            assert_never(command)


def _enter(state: State, command: EnterRealisation) -> Sequence[Event]:
    stated = state.manual.get(command.indicator)
    if stated is not None and (stated.value, stated.note) == (command.value, command.note):
        return []
    _check_open(state)
    if command.indicator not in command.manual:
        raise NotManual(
            "Indikator ini tidak diisi manual menurut SKP yang disepakati. / "
            "The agreed plan does not measure this indicator by hand.",
            indicator=str(command.indicator),
        )
    value = command.value
    if not value.is_finite() or not 0 <= value <= LARGEST_REALISATION or value != value.quantize(Decimal("0.000001")):
        raise InvalidRealisation(
            "Realisasi harus 0 sampai 1000000000000, paling banyak 6 desimal. / "
            "A realisation is 0 to 1000000000000 with at most 6 decimals."
        )
    return [
        RealisationEntered(
            employee=command.employee,
            period=command.period,
            indicator=command.indicator,
            value=value,
            note=command.note,
        )
    ]


def _rate(state: State, command: Rate) -> Sequence[Event]:
    seen = state.rating
    if seen is not None and (seen.work_result, seen.behaviour, seen.text) == (
        command.work_result,
        command.behaviour,
        command.text,
    ):
        return []
    _check_open(state)
    if Rating.BELOW in (command.work_result, command.behaviour) and command.text is None:
        raise ReasonRequired(
            "Rating di bawah ekspektasi memerlukan penjelasan (text). / "
            "A rating below expectation needs an explanation (text)."
        )
    result = predicate_of(command.work_result, command.behaviour)
    return [
        RatingSet(
            employee=command.employee,
            period=command.period,
            work_result=command.work_result,
            behaviour=command.behaviour,
            predicate=result.predicate,
            rule=result.rule_id,
            rule_version=result.rule_version,
            recommended=command.recommended,
            percent=command.percent,
            rated_by=command.by,
            text=command.text,
        )
    ]


def _check_open(state: State) -> None:
    if state.closed is not None:
        raise ReviewAlreadyClosed(
            "Periode ini sudah ditutup. / This period is closed.", employee=str(state.employee), period=state.period
        )


def evolve(state: State, event: Event) -> State:
    """The review after the event."""
    match event:
        case RealisationEntered(employee=employee, period=period, indicator=indicator):
            stated = {**state.manual, indicator: Stated(value=event.value, note=event.note)}
            return replace(state, employee=employee, period=period, manual=stated)
        case RealisationConfirmed(indicator=indicator):
            stated = {**state.manual, indicator: replace(state.manual[indicator], confirmed=True)}
            return replace(state, manual=stated)
        case RatingSet(employee=employee, period=period):
            return replace(state, employee=employee, period=period, rating=event)
        case ReviewClosed(employee=employee, period=period, percent=percent):
            return replace(state, employee=employee, period=period, closed=event, percent=percent)
        case ReviewAdjusted(new_percent=percent):
            return replace(state, percent=percent, adjustments=state.adjustments + 1)
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, Event] = Decider(State(), decide, evolve)
