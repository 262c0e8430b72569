"""Batches of up to 500 items, each accepted or refused by itself."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import Invalid, Refusal
from shared.eventstore.decider import Outcome
from shared.web.problem import field_errors, refused_item

LIMIT = 500

M = TypeVar("M", bound=BaseModel)

DryRun = Annotated[bool, Query(description="answer the same without recording anything")]


class Batch(BaseModel):
    """Items are checked one by one, so that a bad one does not spoil the others."""

    model_config = ConfigDict(extra="forbid")

    items: list[Any] = Field(min_length=1, max_length=LIMIT)


class Results(BaseModel):
    """One result for each item, in their order: `{id, status, version}` with status 201 (recorded) or 200 (unchanged),
    or `{id, status, code, title, detail, …}` for a refused one."""

    results: list[dict[str, Any]]


def parse(request: Request, model: type[M], items: Sequence[Any]) -> list[M | Refusal]:
    """Each item as `model`, or what is wrong with it."""
    accept = request.headers.get("accept-language", "")
    parsed: list[M | Refusal] = []
    for item in items:
        try:
            parsed.append(model.model_validate(item))
        except ValidationError as error:
            wrong = field_errors(error.errors(include_url=False), accept)
            parsed.append(
                Invalid("Perbaiki isian yang disebut dalam errors. / Correct the fields named in errors.", errors=wrong)
            )
    return parsed


def results(
    request: Request, items: Sequence[Any], outcomes: Sequence[Outcome[Any, Any] | Refusal], key: str = "id"
) -> Results:
    """What became of each item; `key` is the field that holds its id."""
    return Results(
        results=[_result(request, item, outcome, key) for item, outcome in zip(items, outcomes, strict=True)]
    )


def _result(request: Request, item: Any, outcome: Outcome[Any, Any] | Refusal, key: str) -> dict[str, Any]:
    refusal = outcome if isinstance(outcome, Refusal) else outcome.refusal
    if refusal is not None:
        given = item.get(key) if isinstance(item, dict) else None
        return {"id": given if isinstance(given, str) else None, **refused_item(request, refusal)}
    assert isinstance(outcome, Outcome)
    return {"id": str(outcome.stream), "status": 201 if outcome.changed else 200, "version": outcome.version}


def merge(
    parsed: Sequence[M | Refusal], done: Sequence[Outcome[Any, Any] | Refusal]
) -> list[Outcome[Any, Any] | Refusal]:
    """The outcomes of the items that could be parsed, back in their places among the refused ones."""
    waiting = iter(done)
    return [item if isinstance(item, Refusal) else next(waiting) for item in parsed]
