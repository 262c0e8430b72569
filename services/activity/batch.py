"""What became of each item of a batch."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from pydantic import BaseModel

from shared.errors import Refusal
from shared.eventstore.decider import Outcome
from shared.web.problem import refused_item


class Results(BaseModel):
    """One result for each item, in their order: `{id, status, version}` with status 201 (recorded) or 200 (unchanged),
    or `{id, status, code, title, detail, …}` for a refused one."""

    results: list[dict[str, Any]]


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
