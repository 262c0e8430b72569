"""Periods, zones and working days; dates were read off a wall calendar."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import Period, PeriodKind, WorkingCalendar, local_date, working_days_after, zone_of

MONTH, QUARTER = PeriodKind.MONTH, PeriodKind.QUARTER
days = st.dates(date(1901, 1, 1), date(2998, 12, 31))
kinds = st.sampled_from(PeriodKind)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-03", date(2026, 3, 1), date(2026, 3, 31)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("1900-02", date(1900, 2, 1), date(1900, 2, 28)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q2", date(2026, 4, 1), date(2026, 6, 30)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2999-12", date(2999, 12, 1), date(2999, 12, 31)),
    ],
)
def test_a_written_period_knows_its_first_and_last_day(text: str, first: date, last: date) -> None:
    period = Period.parse(text)
    assert (period.first_day, period.last_day, str(period)) == (first, last, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-00",
        "2026-13",
        "2026-1",
        "2026-Q0",
        "2026-Q5",
        "2026-Q01",
        "2026-Q",
        "2026-q1",
        "26-03",
        "2026/03",
        "2026-03 ",
        "2026-03\n",
        "2026-03-01",
        "-026-03",
        "0000-01",
        "1899-12",
        "3000-01",
        "٢٠٢٦-٠٣",
        "2026-\x003",
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"period|year"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("one", "following"),
    [("2026-03", "2026-04"), ("2026-12", "2027-01"), ("2026-Q1", "2026-Q2"), ("2026-Q4", "2027-Q1")],
)
def test_periods_follow_one_another_over_the_turn_of_the_year(one: str, following: str) -> None:
    assert Period.parse(one).next() == Period.parse(following)
    assert Period.parse(following).previous() == Period.parse(one)


def test_time_ends_with_a_clear_error() -> None:
    with pytest.raises(ValueError, match="1900 to 2999"):
        Period.parse("2999-Q4").next()
    with pytest.raises(ValueError, match="1900 to 2999"):
        Period.parse("1900-01").previous()


def test_a_period_contains_its_edges_and_nothing_beyond() -> None:
    period = Period.parse("2026-Q1")
    inside = [period.contains(date(2026, 1, 1)), period.contains(date(2026, 3, 31))]
    outside = [period.contains(date(2025, 12, 31)), period.contains(date(2026, 4, 1))]
    assert (inside, outside) == ([True, True], [False, False])


def test_periods_of_one_kind_sort_by_time() -> None:
    texts = ["2026-02", "2025-12", "2026-01", "2026-11"]
    ordered = [str(each) for each in sorted(map(Period.parse, texts))]
    assert ordered == ["2025-12", "2026-01", "2026-02", "2026-11"]


@given(days, kinds)
def test_every_day_lies_in_exactly_one_period_of_a_kind(day: date, kind: PeriodKind) -> None:
    period = Period.of(day, kind)
    assert period.contains(day)
    assert not period.next().contains(day)
    assert not period.previous().contains(day)
    assert period.last_day + timedelta(days=1) == period.next().first_day
    assert period.next().previous() == period
    assert Period.parse(str(period)) == period


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("WIB", date(2026, 3, 31)),
        ("WITA", date(2026, 4, 1)),
        ("WIT", date(2026, 4, 1)),
        ("Asia/Jakarta", date(2026, 3, 31)),
        ("UTC", date(2026, 3, 31)),
        ("Europe/Amsterdam", date(2026, 3, 31)),
    ],
)
def test_a_moment_falls_on_the_day_of_its_zone(zone: str, day: date) -> None:
    assert local_date(datetime(2026, 3, 31, 16, 30, tzinfo=UTC), zone) == day


def test_summer_time_is_followed() -> None:
    late = [datetime(2012, 1, 1, 22, 30, tzinfo=UTC), datetime(2012, 7, 1, 22, 30, tzinfo=UTC)]
    assert [local_date(at, "Europe/Amsterdam") for at in late] == [date(2012, 1, 1), date(2012, 7, 2)]


def test_the_offset_a_moment_is_written_in_does_not_matter() -> None:
    written = datetime(2026, 4, 1, 1, 30, tzinfo=timezone(timedelta(hours=9)))
    assert local_date(written, "WIB") == date(2026, 3, 31)


def test_a_moment_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="no offset"):
        local_date(datetime(2026, 3, 31, 16, 30), "WIB")  # noqa: DTZ001 the missing offset is the test


@pytest.mark.parametrize(
    "name",
    [
        "",
        "wib",
        "Asia",
        "Asia/",
        "Asia/Medan",
        "../etc/passwd",
        "/etc/localtime",
        "localtime",
        "a\0/b",
        "x" * 5000 + "/y",
    ],
)
def test_an_unknown_zone_is_refused_with_the_ones_to_use(name: str) -> None:
    with pytest.raises(ValueError, match="WIB, WITA, WIT"):
        zone_of(name)


def test_working_days_skip_the_weekend() -> None:
    friday = date(2026, 3, 27)
    found = [working_days_after(friday, n, frozenset()) for n in (0, 1, 5, 6)]
    assert found == [friday, date(2026, 3, 30), date(2026, 4, 3), date(2026, 4, 6)]


def test_working_days_skip_holidays_and_those_on_a_weekend_cost_nothing() -> None:
    holidays = frozenset({date(2026, 3, 30), date(2026, 4, 3), date(2026, 4, 5)})
    calendar = WorkingCalendar(holidays)
    assert calendar.after(date(2026, 3, 27), 1) == date(2026, 3, 31)
    assert calendar.after(date(2026, 4, 2), 1) == date(2026, 4, 6)
    assert not calendar.is_working_day(date(2026, 4, 3))
    assert not calendar.is_working_day(date(2026, 4, 4))
    assert calendar.is_working_day(date(2026, 4, 6))


def test_the_fourteen_working_days_of_an_objection() -> None:
    assert working_days_after(date(2026, 3, 2), 14, frozenset()) == date(2026, 3, 20)


def test_working_days_are_never_counted_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        working_days_after(date(2026, 3, 2), -1, frozenset())


@given(days, st.integers(1, 40), st.sets(st.integers(1, 60), max_size=20))
def test_exactly_n_working_days_lie_between_a_day_and_its_deadline(day: date, n: int, offsets: set[int]) -> None:
    holidays = frozenset(day + timedelta(days=each) for each in offsets)
    deadline = working_days_after(day, n, holidays)
    between = [day + timedelta(days=each) for each in range(1, (deadline - day).days + 1)]
    working = [each for each in between if each.isoweekday() <= 5 and each not in holidays]
    assert len(working) == n
    assert working[-1] == deadline
