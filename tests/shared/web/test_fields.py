"""What JSON may say for a day, a moment, a number, a code and a line."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.web.fields import Code, Day, Line, Moment, Number, Whole, Words
from shared.web.messages import field_message

GOOD: list[tuple[Any, Any, Any]] = [
    (Day, "2024-02-29", date(2024, 2, 29)),
    (Moment, "2026-03-01T08:00:00+07:00", datetime(2026, 3, 1, 1, tzinfo=UTC)),
    (Moment, "2026-03-01 08:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
    (Number, "12.50", Decimal("12.50")),
    (Number, 3, Decimal(3)),
    (Number, "-1", Decimal(-1)),
    (Code, "KOM/1.2:a-b", "KOM/1.2:a-b"),
    (Code, "1987042320100110150", "1987042320100110150"),
    (Line, "  Seksi Pelayanan ", "Seksi Pelayanan"),
    (Words, " dua\nbaris ", "dua\nbaris"),
    (Whole, 5, 5),
]

BAD: list[tuple[Any, Any, str]] = [
    # A number in a field for a date is seconds since 1970 to pydantic, in quotes too.
    (Day, 1700006400, "must be a date YYYY-MM-DD"),
    (Day, "1700006400", "must be a date YYYY-MM-DD"),
    (Day, "20260301", "must be a date YYYY-MM-DD"),
    (Day, "01/03/2026", "must be a date YYYY-MM-DD"),
    (Day, "2026-02-29", "must be a date YYYY-MM-DD"),
    (Day, "2026-03-01T00:00:00Z", "must be a date YYYY-MM-DD"),
    (Day, True, "must be a date YYYY-MM-DD"),
    (Day, "0001-01-01", "tahun 1900 sampai 2999 / a year of 1900 to 2999"),
    (Day, "9999-12-31", "tahun 1900 sampai 2999 / a year of 1900 to 2999"),
    (Moment, 1700000000, "must be an ISO 8601 time"),
    (Moment, "1700000000", "must be an ISO 8601 time"),
    (Moment, "2026-03-01", "must be an ISO 8601 time"),
    (Moment, "2026-03-01T08:00:00", "must name its zone, for example +07:00"),
    (Moment, "0001-01-01T00:00:00Z", "tahun 1900 sampai 2999 / a year of 1900 to 2999"),
    (Number, "1_000", "must be a decimal number like 12.50"),
    (Number, "12,5", "must be a decimal number like 12.50"),
    (Number, "１２", "must be a decimal number like 12.50"),
    (Number, "1e3", "must be a decimal number like 12.50"),
    (Number, "NaN", "must be a decimal number like 12.50"),
    (Number, True, "must be a decimal number like 12.50"),
    (Number, float("nan"), "must be a finite number"),
    (Code, "Siti Aminah", "must match the pattern ^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$"),
    (Code, "198704232010011015", "kode bukan NIP; periksa kolomnya / a code is no NIP; check its column"),
    (Code, 5, "must be text"),
    (Line, "a\u0007b", "hapus karakter kendali / remove control characters"),
    (Line, " ", "needs at least 1 characters"),
    (Words, " \n ", "needs at least 1 characters"),
    (Whole, "5", "must be a whole number"),
    (Whole, True, "must be a whole number"),
]


@pytest.mark.parametrize(("kind", "written", "read"), GOOD)
def test_what_is_written_well_is_read(kind: Any, written: Any, read: Any) -> None:
    assert TypeAdapter[Any](kind).validate_python(written) == read


@pytest.mark.parametrize(("kind", "written", "message"), BAD)
def test_anything_else_is_refused_with_what_to_write(kind: Any, written: Any, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter[Any](kind).validate_python(written)
    [error] = refused.value.errors()
    assert field_message(error, "en") == message
