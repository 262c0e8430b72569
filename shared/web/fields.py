"""Kinds of input that all services share: what JSON may say for a day, a moment, a code, a line, words, a whole number."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

D = TypeVar("D", bound=date)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}\S*")
_NIP = re.compile(r"[0-9]{18}")


def _written(pattern: re.Pattern[str], of: type[date], error: str) -> Callable[[Any], Any]:
    """Lets through text of the pattern alone: pydantic also reads numbers, in quotes or not, as seconds since 1970."""

    def check(value: Any) -> Any:
        if isinstance(value, of) or (isinstance(value, str) and pattern.fullmatch(value)):
            return value
        raise PydanticCustomError(
            f"{error}_parsing" if isinstance(value, str) else f"{error}_type", "is not written so"
        )

    return check


def _plausible(value: D) -> D:
    # Zones and calendars cannot be asked about the very first and last years.
    if not 1900 <= value.year < 3000:
        raise ValueError("tahun 1900 sampai 2999 / a year of 1900 to 2999")
    return value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("hapus karakter kendali / remove control characters")
    return value


def _no_nip(value: str) -> str:
    if _NIP.fullmatch(value):
        raise ValueError("kode bukan NIP; periksa kolomnya / a code is no NIP; check its column")
    return value


def _number(value: Any) -> Any:
    # Decimal itself also reads underscores and the digits of other scripts.
    if isinstance(value, bool) or (isinstance(value, str) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value.strip())):
        raise PydanticCustomError("decimal_parsing", "is no decimal number")
    return value


#: YYYY-MM-DD, of the years 1900 to 2999.
Day = Annotated[date, BeforeValidator(_written(_DAY, date, "date")), AfterValidator(_plausible)]
#: ISO 8601 with an offset, of the years 1900 to 2999.
Moment = Annotated[AwareDatetime, BeforeValidator(_written(_MOMENT, datetime, "datetime")), AfterValidator(_plausible)]
#: For a Decimal with limits of its own, which stand before it: behind it they would be checked by Python code.
DECIMAL_ONLY = BeforeValidator(_number)
#: A decimal string or a number.
Number = Annotated[Decimal, Field(allow_inf_nan=False), DECIMAL_ONLY]
#: Goes into public messages, so it has no room for words about people, and none for a NIP.
Code = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$"),
    AfterValidator(_no_nip),
]
#: What something is called, one line.
Line = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_printable),
]
Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=4000)]
Whole = Annotated[int, Field(strict=True)]


class Body(BaseModel):
    """What a caller sends: frozen, and closed to unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)
