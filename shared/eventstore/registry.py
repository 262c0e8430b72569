"""Stored names of events. A name is a string of our own, never a Python path, and is never used again for something else."""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any

from pydantic import TypeAdapter

#: Turns the stored data of one schema version into that of the next.
Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class UnknownEvent(LookupError):
    """The record holds a name or schema version that this program does not know: it is older than the data."""


class Registry:
    """Names and schema versions of a slice's events, and the way from each older version to the newest."""

    def __init__(
        self,
        events: Mapping[str, tuple[int, type[Any]]],
        upcasts: Mapping[tuple[str, int], Upcast] | None = None,
    ) -> None:
        """`events` maps a stored name to (schema version, dataclass); `upcasts` maps (name, n) to the way from n to n + 1."""
        self.events = dict(events)
        self.upcasts = dict(upcasts or {})
        self._names = {cls: (name, schema) for name, (schema, cls) in self.events.items()}
        for name, (schema, cls) in self.events.items():
            if not is_dataclass(cls):
                raise TypeError(f"{name}: {cls.__name__} is not a dataclass")
            missing = [n for n in range(1, schema) if (name, n) not in self.upcasts]
            if missing:
                raise TypeError(f"{name}: no upcast from schema version {missing}")

    def dump(self, event: object) -> tuple[str, int, str]:
        """Stored name, schema version and JSON of an event."""
        name, schema = self._names[type(event)]
        return name, schema, _adapter(type(event)).dump_json(event).decode()

    def load(self, name: str, schema: int, data: dict[str, Any]) -> Any:
        """The event behind stored data of any schema version ever released."""
        try:
            newest, cls = self.events[name]
        except KeyError:
            raise UnknownEvent(f"unknown event {name}: this program is older than the data") from None
        if schema > newest:
            raise UnknownEvent(f"{name} has schema version {schema}, this program knows {newest}: update it")
        for version in range(schema, newest):
            data = self.upcasts[name, version](data)
        return _adapter(cls).validate_python(data)


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]
