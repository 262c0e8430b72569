"""Kinds of input: what JSON may say for a day, a moment, a quantity, a code, or words."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

MAX_QUANTITY = 1_000_000


def _day(value: Any) -> Any:
    # Numbers would be read as seconds since 1970.
    if not isinstance(value, str | date):
        raise PydanticCustomError("date_type", "a date is written YYYY-MM-DD")
    return value


def _moment(value: Any) -> Any:
    if isinstance(value, int | float | Decimal):
        raise PydanticCustomError("datetime_type", "a time is written as ISO 8601")
    return value


def _plausible(value: datetime) -> datetime:
    # Zones and calendars cannot be asked about the very first and last years.
    if not 1900 <= value.year < 3000:
        raise ValueError("tahun 1900 sampai 2999 / a year of 1900 to 2999")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("decimal_type", "a quantity is a number")
    return value


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_plausible)]
#: A decimal string or a number: 0 to a million, at most four decimals.
Quantity = Annotated[
    Decimal, BeforeValidator(_number), Field(ge=0, le=MAX_QUANTITY, decimal_places=4, allow_inf_nan=False)
]
Minutes = Annotated[int, Field(strict=True, ge=1, le=1440)]
#: Names a kind of work or product; goes into public messages, so it has no room for words about people.
Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=4000)]
