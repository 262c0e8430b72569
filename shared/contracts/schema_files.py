"""The JSON schema of every public message, generated and committed, so that other teams can read and diff them.

`python -m shared.contracts.schema_files` writes the files and refuses a change that would break a reader or a writer
of the same version: publish that as the next version beside this one (docs/adr/0025).
"""

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from shared.contracts.base import Message

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
SAMPLES = HERE / "samples"
#: Between the day an end is announced and the end.
NOTICE = timedelta(days=365)

Schema = Mapping[str, Any]
#: What a schema says for people.
_REMARKS = {"$id", "$defs", "title", "description", "default", "deprecated", "examples"}
#: What leads to parts, which are compared by themselves.
_PARTS = {"properties", "required", "items", "additionalProperties", "anyOf"}


def messages() -> list[type[Message]]:
    """Every public message type of every service."""
    for path in sorted(HERE.glob("[a-z]*.py")):
        importlib.import_module(f"shared.contracts.{path.stem}")
    ours = [message for message in Message.every() if message.__module__.startswith("shared.contracts.")]
    return sorted(ours, key=lambda message: message.full_type())


def name_of(message: type[Message]) -> str:
    """What the files of a message type are called, such as `activity.entry.verified.v1.json`."""
    return f"{message.TYPE}.v{message.VERSION}.json"


def file_of(message: type[Message]) -> Path:
    """Where the schema of a message type stands."""
    return SCHEMAS / name_of(message)


def schema_of(message: type[Message]) -> dict[str, Any]:
    """The schema of what is sent."""
    schema = message.model_json_schema(mode="serialization")
    told: dict[str, Any] = {"$id": message.full_type(), "x-regenerator": message.REGENERATOR}
    if (end := message.DEPRECATION) is not None:
        told |= {"deprecated": True, "x-deprecated-since": str(end.since), "x-sunset": str(end.sunset)}
    return told | schema


def unkept(released: Mapping[str, Schema], now: Mapping[str, Schema], today: date) -> Iterator[str]:
    """What of the schemas once `released`, by name, those of `now` do not keep."""
    for name, old in sorted(released.items()):
        new, end = now.get(name), old.get("x-sunset")
        if new is None and (end is None or str(today) < end):
            yield f"{name}: is gone" + (f" before its end on {end}" if end else ", and its end was never announced")
        elif new is not None:
            yield from (f"{name}: {reason}" for reason in breaks(old, new))
            if end and new.get("x-sunset", "") < end:
                yield f"{name}: its end was announced for {end} and moved nearer"
    for name, new in sorted(now.items()):
        if "x-sunset" in new and _day(new, "x-sunset") - _day(new, "x-deprecated-since") < NOTICE:
            yield f"{name}: its end was announced less than {NOTICE.days} days ahead"


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """What in `new` a reader or writer of `old` could not live with; only additions of optional fields are harmless."""
    yield from _breaks(old, new, old, new, "")


def _breaks(old: Schema, new: Schema, old_root: Schema, new_root: Schema, where: str) -> Iterator[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    place = where or "message"
    if old.get("type") != new.get("type"):
        yield f"{place}: {old.get('type', 'a choice')} became {new.get('type', 'a choice')}"
        return
    yield from _limits(old, new, place)
    before, after = old.get("properties", {}), new.get("properties", {})
    needed, needs = set(old.get("required", ())), set(new.get("required", ()))
    prefix = f"{where}." if where else ""
    for name in before:
        if name not in after:
            yield f"{prefix}{name} is gone"
            continue
        yield from _breaks(before[name], after[name], old_root, new_root, f"{prefix}{name}")
        if (name in needed) != (name in needs):
            yield f"{prefix}{name} was {'required' if name in needed else 'optional'} and no longer is"
    for name in sorted(needs - before.keys()):
        yield f"{prefix}{name} is new and required: what was told before lacks it"
    for key in ("items", "additionalProperties"):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _breaks(old[key], new[key], old_root, new_root, f"{where}[]")
        elif old.get(key) != new.get(key):
            yield f"{place}: {key} became another"
    choices = old.get("anyOf", ()), new.get("anyOf", ())
    if len(choices[0]) != len(choices[1]):
        yield f"{place}: has {len(choices[1])} choices instead of {len(choices[0])}"
    for one, other in zip(*choices, strict=False):
        yield from _breaks(one, other, old_root, new_root, where)


def _limits(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Enumerations, formats and limits; a new value breaks who reads, a missing one who writes."""
    for key in sorted((old.keys() | new.keys()) - _REMARKS - _PARTS - {"type"}):
        if key.startswith("x-") or old.get(key) == new.get(key):
            continue
        if key == "enum" and key in old and key in new:
            for value in sorted(set(old[key]) ^ set(new[key])):
                yield f"{place}: {value!r} is {'a new' if value in new[key] else 'no longer a'} value"
        else:
            yield f"{place}: {key} {old.get(key)!r} became {new.get(key)!r}"


def _resolve(part: Schema, root: Schema) -> Schema:
    while "$ref" in part:
        part = root["$defs"][part["$ref"].rsplit("/", 1)[1]]
    return part


def _day(schema: Schema, key: str) -> date:
    return date.fromisoformat(schema[key])


def committed() -> dict[str, Schema]:
    """The schemas as the files say, by name."""
    return {path.name: json.loads(path.read_text()) for path in SCHEMAS.iterdir()}


def main() -> int:
    """Write the schema files; 1, and nothing is written, when a change would break somebody."""
    now = {name_of(message): schema_of(message) for message in messages()}
    broken = list(unkept(committed(), now, date.today()))  # noqa: DTZ011 - the end of a version is a day, wherever it is
    for line in broken:
        print(f"refused: {line}; add a new version beside it instead", file=sys.stderr)
    if broken:
        return 1
    for gone in committed().keys() - now.keys():
        (SCHEMAS / gone).unlink()
    for name, schema in now.items():
        (SCHEMAS / name).write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
