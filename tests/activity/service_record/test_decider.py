"""The rules of one service record, told as given, when and then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.activity.refusals import FutureDate, PeriodClosed, TooEarly, UnknownUnit
from services.activity.service_record.decider import DECIDER, EndsBeforeStart, Record, ServiceRecord
from services.activity.service_record.events import Service, ServiceRecorded
from services.activity.source import Source
from shared.people.refusals import UnknownEmployee
from shared.testing.spec import given
from tests.activity.people import COUNTER, SITI

NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = Service(product="ktp-el", officer=SITI, unit=COUNTER, started=NOON - 3 * HOUR, due=NOON - HOUR, completed=None)
DONE = replace(OPEN, completed=NOON - 2 * HOUR)
SOURCE = Source(system="izin", file_hash="ab" * 32, row=7)
SHUT = frozenset({"2026-03"})
OPENED = ServiceRecorded(service=OPEN, period=None, source=None)
ENDED = ServiceRecorded(service=DONE, period="2026-03", source=None)


def record(service: Service, **more: Any) -> Record:
    plain: dict[str, Any] = {
        "latest": NOON,
        "period": "2026-03" if service.completed else None,
        "shut": frozenset(),
        "officer_known": True,
        "unit_known": True,
    }
    return Record(service=service, **(plain | more))


def test_an_open_record_is_kept_and_completed_later() -> None:
    state = given(DECIDER).when(record(OPEN)).then(OPENED)
    assert state is not None
    assert state.on_time is None
    state = given(DECIDER, OPENED).when(record(DONE)).then(ENDED)
    assert state is not None
    assert (state.on_time, state.period, state.imported) == (True, "2026-03", False)


def test_the_same_again_changes_nothing_also_in_a_closed_period() -> None:
    given(DECIDER, ENDED).when(record(DONE)).then()
    elsewhere = replace(DONE, started=DONE.started.astimezone())
    given(DECIDER, ENDED).when(record(elsewhere, shut=SHUT, officer_known=False)).then()


@pytest.mark.parametrize(
    ("due", "completed", "on_time"),
    [(NOON, NOON, True), (NOON, NOON + timedelta(microseconds=1), False), (None, NOON, None), (NOON, None, None)],
)
def test_on_time_is_completed_no_later_than_due(
    due: datetime | None, completed: datetime | None, on_time: bool | None
) -> None:
    service = replace(OPEN, due=due, completed=completed)
    assert ServiceRecord(service=service, period=None, imported=False).on_time is on_time


def test_nothing_ends_before_it_starts() -> None:
    given(DECIDER).when(record(replace(DONE, completed=OPEN.started - HOUR))).refused(EndsBeforeStart)
    at_once = replace(DONE, completed=OPEN.started)
    given(DECIDER).when(record(at_once)).then(replace(ENDED, service=at_once))


def test_what_has_not_happened_and_who_nobody_knows_are_refused() -> None:
    given(DECIDER).when(record(replace(OPEN, started=NOON + HOUR))).refused(FutureDate)
    given(DECIDER).when(record(replace(DONE, completed=NOON + HOUR))).refused(FutureDate)
    just_now = replace(DONE, completed=NOON)
    given(DECIDER).when(record(just_now)).then(replace(ENDED, service=just_now))
    given(DECIDER).when(record(DONE, officer_known=False)).refused(UnknownEmployee)
    given(DECIDER).when(record(DONE, unit_known=False)).refused(UnknownUnit)
    given(DECIDER).when(record(DONE, period=None)).refused(TooEarly)


def test_neither_into_nor_out_of_a_closed_period_except_by_import() -> None:
    given(DECIDER, OPENED).when(record(DONE, shut=SHUT)).refused(PeriodClosed)
    moved = replace(DONE, completed=NOON - HOUR)
    given(DECIDER, ENDED).when(record(moved, period="2026-04", shut=SHUT)).refused(PeriodClosed)
    imported = ServiceRecorded(service=DONE, period="2026-03", source=SOURCE)
    state = given(DECIDER).when(record(DONE, shut=SHUT, source=SOURCE)).then(imported)
    assert state is not None
    assert state.imported
