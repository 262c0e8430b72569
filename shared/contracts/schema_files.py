"""The JSON schema of every public message, generated and committed, so that other teams can read and diff them.

`python -m shared.contracts.schema_files` writes the files and refuses a change that would break a reader or a writer
of the same version: publish that as the next version beside this one.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.contracts.base import Message

HERE = Path(__file__).parent
SCHEMAS = HERE / "schemas"
SAMPLES = HERE / "samples"


def messages() -> list[type[Message]]:
    """Every public message type of every service."""
    for name in ("activity", "appraisal", "directory", "training"):
        importlib.import_module(f"shared.contracts.{name}")
    ours = [message for message in Message.every() if message.__module__.startswith("shared.contracts.")]
    return sorted(ours, key=lambda message: message.full_type())


def file_of(message: type[Message]) -> Path:
    """Where the schema of a message type stands."""
    return SCHEMAS / f"{message.TYPE}.v{message.VERSION}.json"


def schema_of(message: type[Message]) -> dict[str, Any]:
    """The schema of what is sent."""
    schema = message.model_json_schema(mode="serialization")
    return {"$id": message.full_type(), "x-regenerator": message.REGENERATOR} | schema


def breaks(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What in `new` a reader or writer of `old` could not live with; only additions of optional fields are harmless."""
    yield from _breaks(old, new, old, new, "")


def _breaks(
    old: dict[str, Any], new: dict[str, Any], old_root: dict[str, Any], new_root: dict[str, Any], where: str
) -> Iterator[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    before, after = old.get("properties"), new.get("properties")
    if before is None or after is None:
        ignored = {"description", "title", "default", "items", "additionalProperties", "$defs"}
        if {k: v for k, v in old.items() if k not in ignored} != {k: v for k, v in new.items() if k not in ignored}:
            yield f"{where or 'message'}: {old.get('type', old)} became {new.get('type', new)}"
        for key in ("items", "additionalProperties"):
            if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
                yield from _breaks(old[key], new[key], old_root, new_root, f"{where}[]")
        return
    for name in before:
        if name not in after:
            yield f"{where}{name} is gone"
        else:
            yield from _breaks(before[name], after[name], old_root, new_root, f"{where}{name}.")


def _resolve(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        part = root["$defs"][part["$ref"].rsplit("/", 1)[1]]
    return part


def main() -> int:
    """Write the schema files; 1 when a change would break somebody."""
    broken = []
    for message in messages():
        path, schema = file_of(message), schema_of(message)
        if path.exists():
            broken += [f"{message.full_type()}: {reason}" for reason in breaks(json.loads(path.read_text()), schema)]
        if not broken:
            path.write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")
    for line in broken:
        print(f"refused: {line}; add a new version beside it instead", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
