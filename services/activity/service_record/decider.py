"""The rules of one service record. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.activity.refusals import FutureDate, TooEarly, check_open, unknown_unit
from services.activity.service_record.events import Event, Service, ServiceRecorded
from services.activity.source import Source
from shared.errors import Refusal
from shared.eventstore.decider import Decider
from shared.people.refusals import unknown_employee


class EndsBeforeStart(Refusal):
    """Nothing is completed before it was started."""

    code = "ends-before-start"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Keep the record as it is now; repeated it changes nothing.

    `latest` is the time now with some leeway, `period` that of completion (None: open, or before the first day),
    `shut` the closed periods, which matter only without a `source`: imports are exempt.
    """

    service: Service
    latest: datetime
    period: str | None
    shut: frozenset[str]
    officer_known: bool
    unit_known: bool
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecord:
    """One record now."""

    service: Service
    period: str | None
    imported: bool

    @property
    def on_time(self) -> bool | None:
        """Completed no later than due; None when either is missing."""
        if self.service.completed is None or self.service.due is None:
            return None
        return self.service.completed <= self.service.due


State = ServiceRecord | None


def decide(state: State, command: Record) -> Sequence[Event]:
    """The record, when it differs from what is kept."""
    service = command.service
    if state is not None and state.service == service:
        return []
    if service.completed is not None and service.completed < service.started:
        raise EndsBeforeStart(
            "Selesai lebih awal daripada mulai; perbaiki started atau completed. / "
            "It is completed before it started; correct started or completed."
        )
    if max(service.started, service.completed or service.started) > command.latest:
        raise FutureDate(
            "Waktu mulai atau selesai belum tiba. / The time of start or completion has not come yet.",
            latest=command.latest.isoformat(),
        )
    if not command.officer_known:
        raise unknown_employee(service.officer)
    if not command.unit_known:
        raise unknown_unit(service.unit)
    if service.completed is not None and command.period is None:
        raise TooEarly(
            "Selesai sebelum instansi memakai sistem ini. / It was completed before the instansi's first day."
        )
    if command.source is None:
        for period in (state.period if state else None, command.period):
            check_open(period or "", command.shut)
    return [ServiceRecorded(service=service, period=command.period, source=command.source)]


def evolve(state: State, event: Event) -> State:
    """The record after the event."""
    return ServiceRecord(service=event.service, period=event.period, imported=event.source is not None)


DECIDER: Decider[State, Record, Event] = Decider(None, decide, evolve)
