"""What request bodies of this service have in common, and batches whose items are accepted or refused one by one."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.calendar import Period
from shared.errors import Invalid, Refusal
from shared.web.problem import field_errors, refused_item

LIMIT = 500

Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="a code and never free text")]
Words = Annotated[str, Field(min_length=1, max_length=1000)]
Amount = Annotated[Decimal, Field(ge=0, le=Decimal("1E12"), decimal_places=6, description="as a string or number")]


class Body(BaseModel):
    """Frozen, and closed to unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Body):
    """Where an imported fact comes from."""

    system: Code
    file_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, hex")]


class Batch(Body):
    """Items are read one by one, so that a bad one does not spoil the others."""

    items: list[Any] = Field(min_length=1, max_length=LIMIT)


class Results(BaseModel):
    """One result for each item, in their order: `{id, status, version}` with status 201 (recorded) or 200 (unchanged),
    or `{id, status, code, title, detail, …}` for a refused one."""

    results: list[dict[str, Any]]


M = TypeVar("M", bound=BaseModel)

DryRun = Annotated[bool, Query(description="answer the same without recording anything")]


def parse(request: Request, model: type[M], items: Sequence[Any]) -> list[M | Refusal]:
    """Each item as `model`, or what is wrong with it."""
    accept = request.headers.get("accept-language", "")
    parsed: list[M | Refusal] = []
    for item in items:
        try:
            parsed.append(model.model_validate(item))
        except ValidationError as error:
            errors = field_errors(error.errors(include_url=False), accept)
            parsed.append(
                Invalid(
                    "Perbaiki isian yang disebut dalam errors. / Correct the fields named in errors.", errors=errors
                )
            )
    return parsed


def results(request: Request, ids: Sequence[Any], outcomes: Sequence[tuple[int, bool] | Refusal]) -> Results:
    """What became of each item: (version, changed) or the refusal."""
    told = []
    for id_, outcome in zip(ids, outcomes, strict=True):
        if isinstance(outcome, Refusal):
            told.append({"id": id_, **refused_item(request, outcome)})
        else:
            told.append({"id": id_, "status": 201 if outcome[1] else 200, "version": outcome[0]})
    return Results(results=told)


def read_period(written: str) -> Period:
    """The period in a path; raises Invalid."""
    try:
        return Period.parse(written)
    except ValueError as error:
        raise Invalid(f'Periode ditulis "2026-03" atau "2026-Q1". / {error}') from error


def unknown_employee(employee: object) -> Refusal:
    """The refusal of somebody the directory has not told of."""
    return UnknownEmployee(
        "Pegawai ini belum dikenal atau tidak aktif; daftarkan dulu di direktori. / "
        "This employee is not known or not active; register them in the directory first.",
        employee=str(employee),
    )


class UnknownEmployee(Refusal):
    """The directory has told of no such active employee."""

    code = "unknown-employee"
    status = 422
