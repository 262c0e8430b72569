"""Batches of up to 500 items, each accepted or refused by itself."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from pydantic import BaseModel, Field, ValidationError

from shared.errors import Invalid, Refusal
from shared.web.fields import Body
from shared.web.problem import field_errors

LIMIT = 500

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")

DryRun = Annotated[bool, Query(description="answer the same without recording anything")]


class Batch(Body):
    """Items are read one by one, so that a bad one does not spoil the others."""

    items: Annotated[list[Any], Field(min_length=1, max_length=LIMIT)]


def unreadable(request: Request, error: ValidationError) -> Invalid:
    """The refusal of one item: what is wrong with each field, and the first of them as `field`."""
    wrong = field_errors(error.errors(include_url=False), request.headers.get("accept-language", ""))
    detail = "Perbaiki isian yang disebut dalam errors. / Correct the fields named in errors."
    return Invalid(detail, errors=wrong, field=wrong[0]["field"])


def parse(request: Request, model: type[M], items: Iterable[Any]) -> list[M | Refusal]:
    """Each item as `model`, or what is wrong with it."""
    parsed: list[M | Refusal] = []
    for item in items:
        try:
            parsed.append(model.model_validate(item))
        except ValidationError as error:
            parsed.append(unreadable(request, error))
    return parsed


def merge(parsed: Sequence[M | Refusal], done: Iterable[T]) -> list[T | Refusal]:
    """What became of the items that could be parsed, back in their places among the refused ones."""
    waiting = iter(done)
    return [item if isinstance(item, Refusal) else next(waiting) for item in parsed]
