"""Cursor paging: a page, and the opaque place where the next one begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from shared.errors import Refusal

T = TypeVar("T")


class MalformedCursor(Refusal):
    """The cursor was not made by this list."""

    code = "malformed-cursor"
    status = 422


class Page(BaseModel, Generic[T]):
    """Some items and, when there are more, the cursor to ask for the next ones with."""

    items: list[T]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Paging:
    """What the caller asked for: at most `limit` items after `cursor`."""

    limit: int = 50
    cursor: str | None = None

    def after(self, *types: Any) -> tuple[Any, ...] | None:
        """The key values of the last item seen, as these types; None at the beginning. MalformedCursor."""
        if self.cursor is None:
            return None
        try:
            text = base64.b64decode(self.cursor + "=" * (-len(self.cursor) % 4), altchars=b"-_", validate=True)
            values: tuple[Any, ...] = TypeAdapter(tuple[types]).validate_json(text)  # type: ignore[valid-type]
        except (ValidationError, ValueError, binascii.Error) as error:
            raise _malformed() from error
        if any(isinstance(value, str) and "\0" in value for value in values):
            raise _malformed()
        return values

    def page(self, rows: Sequence[T], key: Callable[[T], tuple[Any, ...]]) -> Page[T]:
        """The page of `rows`, of which the query fetched `limit + 1` in the order of `key`."""
        items = list(rows[: self.limit])
        more = len(rows) > self.limit
        return Page(items=items, next=_cursor(key(items[-1])) if more else None)


async def paging(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before")] = None,
) -> Paging:
    """The dependency behind PagingDep."""
    return Paging(limit, cursor)


PagingDep = Annotated[Paging, Depends(paging)]


def _cursor(values: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(to_json(values)).rstrip(b"=").decode()


def _malformed() -> MalformedCursor:
    return MalformedCursor(
        "Pakai nilai next dari halaman sebelumnya, atau mulai tanpa cursor. / "
        "Use the value of next of the page before, or begin without a cursor."
    )
