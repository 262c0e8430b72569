"""What request bodies of this service have in common, and what became of each item of a batch."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field

from shared.calendar import Period
from shared.errors import Invalid, Refusal
from shared.web.fields import Body, Code, Number
from shared.web.problem import refused_item

Amount = Annotated[Number, Field(ge=0, le=Decimal("1E12"), decimal_places=6, description="as a string or number")]


class Source(Body):
    """Where an imported fact comes from."""

    system: Code
    file_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the file, hex")]


class Results(BaseModel):
    """One result for each item, in their order: `{id, status, version}` with status 201 (recorded) or 200 (unchanged),
    or `{id, status, code, title, detail, …}` for a refused one."""

    results: list[dict[str, Any]]


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
