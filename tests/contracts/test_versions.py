"""What a release promised is kept: within a version only optional fields are added, and a version ends as announced."""

import json
import tarfile
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from deploy.services import load, service_names
from shared.contracts.schema_files import breaks, committed, messages, name_of, schema_of, unkept
from tests.released import git, last_release

_TODAY = date(2026, 11, 22)

#: A schema with everything our schemas have: an enumeration, a choice, a list and a map of parts, an optional field.
_OLD: dict[str, Any] = {
    "$id": "id.go.kinerja.bare.thing.changed.v1",
    "title": "ThingChanged",
    "type": "object",
    "$defs": {
        "Part": {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "share": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            "required": ["kind", "share"],
        }
    },
    "properties": {
        "thing": {"type": "string", "format": "uuid"},
        "state": {"type": "string", "enum": ["open", "closed"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        "by": {"type": "object", "additionalProperties": {"type": "integer"}},
        "first": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}], "default": None},
    },
    "required": ["thing", "state", "parts", "by"],
}


def _set(*path: str, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(schema: dict[str, Any]) -> None:
        place = schema
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(schema: dict[str, Any]) -> None:
        place = schema
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def _renamed(schema: dict[str, Any]) -> None:
    schema["properties"]["item"] = schema["properties"].pop("thing")
    schema["required"][0] = "item"


_REFUSED: dict[str, tuple[Callable[[dict[str, Any]], None], list[str]]] = {
    "removed": (_drop("properties", "first"), ["first is gone"]),
    "renamed": (_renamed, ["thing is gone", "item is new and required: what was told before lacks it"]),
    "retyped": (_set("properties", "thing", "type", to="integer"), ["thing: string became integer"]),
    "another format": (_drop("properties", "thing", "format"), ["thing: format 'uuid' became None"]),
    "a value fewer": (
        _set("properties", "state", "enum", to=["open"]),
        ["state: 'closed' is no longer a value"],
    ),
    "a value more": (
        _set("properties", "state", "enum", to=["open", "closed", "void"]),
        ["state: 'void' is a new value"],
    ),
    "optional made required": (
        _set("required", to=["thing", "state", "parts", "by", "first"]),
        ["first was optional and no longer is"],
    ),
    "required made optional": (_set("required", to=["thing", "state", "parts"]), ["by was required and no longer is"]),
    "inside a part": (
        _set("$defs", "Part", "properties", "kind", "type", to="integer"),
        ["parts[].kind: string became integer", "first.kind: string became integer"],
    ),
    "inside a map": (
        _set("properties", "by", "additionalProperties", "type", to="string"),
        ["by[]: integer became string"],
    ),
    "a choice fewer": (
        _set("$defs", "Part", "properties", "share", "anyOf", to=[{"type": "string"}]),
        ["parts[].share: has 1 choices instead of 2", "first.share: has 1 choices instead of 2"],
    ),
    "a list no longer": (
        _set("properties", "parts", to={"$ref": "#/$defs/Part"}),
        ["parts: array became object"],
    ),
}


@pytest.mark.parametrize("kind", _REFUSED)
def test_a_change_that_breaks_somebody_is_refused_by_name(kind: str) -> None:
    change, reasons = _REFUSED[kind]
    new = deepcopy(_OLD)
    change(new)
    assert list(breaks(_OLD, new)) == reasons


def test_optional_fields_other_words_and_the_same_in_another_order_break_nobody() -> None:
    new = deepcopy(_OLD)
    new["properties"]["note_code"] = {"type": "string", "default": ""}
    new["$defs"]["Part"]["properties"]["more"] = {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}
    new["$defs"]["Part"]["description"] = "said better"
    new["properties"]["thing"]["description"] = "which one"
    new["properties"]["state"]["enum"] = ["closed", "open"]
    new["required"].reverse()
    assert list(breaks(_OLD, new)) == []


def test_what_the_check_says_holds_for_our_own_schemas() -> None:
    for message in messages():
        schema = schema_of(message)
        assert list(breaks(schema, schema)) == []
        for field in schema["properties"]:
            less = deepcopy(schema)
            del less["properties"][field]
            assert f"{field} is gone" in list(breaks(schema, less)), message


def test_a_version_may_go_on_the_day_it_was_to_end_and_not_before() -> None:
    ending = _OLD | {"x-deprecated-since": "2025-11-01", "x-sunset": "2026-11-22"}
    assert list(unkept({"a": _OLD}, {}, _TODAY)) == ["a: is gone, and its end was never announced"]
    assert list(unkept({"a": ending}, {}, date(2026, 11, 21))) == ["a: is gone before its end on 2026-11-22"]
    assert list(unkept({"a": ending}, {}, _TODAY)) == []


def test_an_end_is_announced_a_year_ahead_and_never_moved_nearer() -> None:
    ending = _OLD | {"x-deprecated-since": "2026-01-01", "x-sunset": "2027-06-30"}
    nearer, farther = ending | {"x-sunset": "2027-05-31"}, ending | {"x-sunset": "2028-01-01"}
    hasty = ending | {"x-sunset": "2026-12-31"}
    assert list(unkept({"a": _OLD}, {"a": ending}, _TODAY)) == []
    assert list(unkept({"a": ending}, {"a": farther}, _TODAY)) == []
    assert list(unkept({"a": ending}, {"a": nearer}, _TODAY)) == [
        "a: its end was announced for 2027-06-30 and moved nearer"
    ]
    assert list(unkept({}, {"a": hasty}, _TODAY)) == ["a: its end was announced less than 365 days ahead"]
    assert list(unkept({"a": ending}, {"a": _OLD}, _TODAY)) == [
        "a: its end was announced for 2027-06-30 and moved nearer"
    ]


def _released() -> dict[str, Any]:
    """The schemas of the last release, or of the last commit before there is one."""
    archive = git("archive", last_release(), "shared/contracts/schemas")
    assert archive is not None
    with tarfile.open(fileobj=BytesIO(archive)) as packed:
        files = {Path(each.name).name: packed.extractfile(each) for each in packed if each.isfile()}
        return {name: json.load(file) for name, file in files.items() if file}


def test_everything_ever_released_is_kept() -> None:
    now = {name_of(message): schema_of(message) for message in messages()}
    today = date.today()  # noqa: DTZ011 - the end of a version is a day
    assert list(unkept(committed(), now, today)) == []
    released = _released()
    assert released
    assert list(unkept(released, now, today)) == []


def test_no_durable_hears_two_versions_of_a_message() -> None:
    for service in service_names():
        for subscription in load(service).subscriptions:
            types = [message.TYPE for message in subscription.messages]
            assert len(types) == len(set(types)), subscription.durable
