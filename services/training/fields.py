"""Kinds of input: what JSON may say for a day, a code, a level, or words."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from shared.errors import Refusal
from shared.web.concurrency import IfMatch


def _day(value: Any) -> Any:
    # Numbers would be read as seconds since 1970.
    if not isinstance(value, str | date):
        raise PydanticCustomError("date_type", "a date is written YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day), Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]
#: Names a course or competency; goes into public messages, so it has no room for words about people.
Code = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]
Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=4000)]
Label = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=300)]
Whole = Annotated[int, Field(strict=True)]


class Body(BaseModel):
    """A request's body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Reason(Body):
    """Why."""

    reason: Words


class IfMatchRequired(Refusal):
    """A decision names the version that was seen."""

    code = "if-match-required"
    status = 428


def _seen(version: IfMatch) -> int:
    if version is None:
        raise IfMatchRequired(
            "Kirim If-Match dengan ETag yang dilihat. / Send If-Match with the ETag of what was seen."
        )
    return version


#: The version the caller decides on; without it the request is refused.
SeenDep = Annotated[int, Depends(_seen)]
