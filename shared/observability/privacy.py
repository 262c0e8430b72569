"""What must never reach a log: bodies, tokens, and what people are called or wrote."""

import re
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from sqlalchemy.exc import DBAPIError

#: A key is dropped when one of its words (split at _ - .) is one of these …
_WORDS = frozenset(
    """authorization body content cookie cookies credential credentials description email headers html jwt
    mail nama nip note notes parameters password passwords payload phone secret secrets text texts token
    tokens uraian""".split()  # noqa: SIM905 - a list of words reads better as words
)
#: … or when it is, as a whole, what people are called.
_NAMES = frozenset({"name", "full_name", "first_name", "last_name", "display_name", "employee_name", "person_name"})
_SAFE = frozenset({"token_id"})
_NIP = re.compile(r"(?<!\d)\d{18}(?!\d)")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
#: Where PostgreSQL and SQLAlchemy begin to quote values, also inside a repr.
_QUOTED = re.compile(r"(\\n|\n)?(DETAIL:|\[parameters:).*", re.DOTALL)
_LONGEST = 300


def drop_private(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: removes forbidden keys at any depth, masks NIP and addresses in texts."""
    return _allowed(event)


def scrub(text: str) -> str:
    """The text with 18-digit numbers (NIP) and mail addresses masked, and cut where a database quotes values."""
    return _QUOTED.sub(" …", _MAIL.sub("[mail]", _NIP.sub("[nip]", text)))


def describe(error: BaseException) -> str:
    """Type, place and a harmless message of an error, its causes and, for a group, its members.

    Database errors say only their SQLSTATE, and others only their first line: the rest quotes values.
    """
    return "\n".join(_lines(error, set()))


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and id(cause) not in seen:
        yield from _lines(cause, seen)
        yield "which led to:"
    yield from (line.rstrip() for line in traceback.format_tb(error.__traceback__))
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_message(error)}"
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield "member of the group:"
            yield from _lines(member, seen)


def _message(error: BaseException) -> str:
    sqlstate = getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlstate", None)
    if isinstance(error, DBAPIError) or sqlstate is not None:
        return f"database error, SQLSTATE {sqlstate or 'none'}"
    first = (str(error).splitlines() or [""])[0]
    return scrub(first)[:_LONGEST]


def _allowed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _inside(value) for key, value in values.items() if not _forbidden(str(key))}


def _inside(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _allowed(value)
    if isinstance(value, list | tuple):
        return [_inside(item) for item in value]
    return scrub(value) if isinstance(value, str) else value


def _forbidden(key: str) -> bool:
    lower = key.lower()
    if lower in _SAFE:
        return False
    return lower in _NAMES or not _WORDS.isdisjoint(re.split(r"[_\-.]", lower))
