"""Cells are read as people write them; what could mean two things is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cli.importing import values
from cli.importing.values import ValueRefused


@pytest.mark.parametrize("text", ["2026-03-01", "01/03/2026", "1.3.2026", "1-3-2026", "2026-03-01T08:30:00+07:00"])
def test_a_day_is_iso_or_day_first(text: str) -> None:
    assert values.day(text) == date(2026, 3, 1)


@pytest.mark.parametrize("text", ["", "03/31/2026", "2026-02-30", "20260301", "1/3/26", "March 1", "46082"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        values.day(text)
    assert refused.value.code == "date-malformed"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-01T08:30:00+07:00", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
        ("2011-12-06 13:41:31.788000+01:00", datetime(2011, 12, 6, 12, 41, 31, 788000, UTC)),
        ("2026-07-01 12:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),  # summer time
        ("2026-01-01 12:00", datetime(2026, 1, 1, 11, tzinfo=UTC)),
        ("1/1/2026", datetime(2025, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_time_without_offset_is_meant_in_the_zone(text: str, at: datetime) -> None:
    assert values.moment(text, "Europe/Amsterdam") == at


@pytest.mark.parametrize("text", ["", "noon", "2026-13-01T00:00", "0001-01-01"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        values.moment(text, "WIB")
    assert refused.value.code == "time-malformed"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", "3"),
        ("1.5", "1.5"),
        ("1,5", "1.5"),
        ("0,125", "0.125"),
        ("1.2340", "1.234"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1,234,567.25", "1234567.25"),
        ("1234,567", "1234.567"),
        ("12 500", "12500"),
        ("-2,5", "-2.5"),
    ],
)
def test_a_number_has_a_decimal_point_or_comma(text: str, value: str) -> None:
    assert values.number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1e5", "1.5.2", "1,23,4", "two", "1..2", "٣", "0x10", ",5"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        values.number(text)
    assert refused.value.code == "number-malformed"


@pytest.mark.parametrize("text", ["1.234", "12,500", "-1.000"])
def test_a_number_that_may_be_thousands_or_a_fraction_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        values.number(text)
    assert refused.value.code == "number-ambiguous"


def test_an_ambiguous_number_is_refused_with_both_ways_to_write_it() -> None:
    with pytest.raises(ValueRefused, match=r"may mean 12500 or 12\.5000"):
        values.number("12,500")


def test_a_whole_number_has_no_fraction() -> None:
    assert values.whole("3,0") == 3
    with pytest.raises(ValueRefused) as refused:
        values.whole("3,5")
    assert refused.value.code == "number-not-whole"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("KOM-01", "KOM-01"),
        ("T02 Check confirmation of receipt", "t02-check-confirmation-of-receipt"),
        ("  Group 1", "group-1"),
        ("x" * 70, "x" * 64),
    ],
)
def test_a_label_becomes_a_code(text: str, code: str) -> None:
    assert values.code(text) == code


def test_a_label_without_letters_makes_no_code() -> None:
    with pytest.raises(ValueRefused) as refused:
        values.code("---")
    assert refused.value.code == "code-empty"


def test_levels_are_pairs_of_competency_and_level() -> None:
    assert values.levels("komunikasi=3; kerja-sama : 2;") == {"komunikasi": 3, "kerja-sama": 2}


@pytest.mark.parametrize("text", ["komunikasi", "komunikasi=high", "a=1;a=2", "=3"])
def test_levels_written_otherwise_are_refused(text: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        values.levels(text)
    assert refused.value.code == "levels-malformed"
