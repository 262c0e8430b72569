"""Public messages are promises: their schemas are committed, and every sample ever released loads for ever."""

import json
from copy import deepcopy
from pathlib import Path

import pytest

from shared.contracts.base import Message
from shared.contracts.schema_files import SAMPLES, SCHEMAS, breaks, file_of, messages, schema_of
from shared.messaging.envelope import decode

TYPES = messages()


@pytest.mark.parametrize("message", TYPES, ids=lambda message: message.TYPE)
def test_the_committed_schema_is_what_the_code_sends(message: type[Message]) -> None:
    assert json.loads(file_of(message).read_text()) == schema_of(message), (
        "run: python -m shared.contracts.schema_files"
    )


def test_every_type_has_a_sample_and_no_schema_lost_its_type() -> None:
    names = {f"{message.TYPE}.v{message.VERSION}.json" for message in TYPES}
    assert {path.name for path in SCHEMAS.iterdir()} == names
    assert {path.name for path in SAMPLES.iterdir()} >= names


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.stem)
def test_a_released_sample_loads_and_says_the_same(path: Path) -> None:
    document = json.loads(path.read_text())
    subject = f"kinerja.{document['instansi']}.{path.stem}"
    received = decode(path.read_bytes(), subject, tuple(TYPES))
    sent = json.loads(received.data.model_dump_json())
    assert {name: sent[name] for name in document["data"]} == document["data"]
    assert (str(received.source), received.order) == (
        document["subject"],
        (document["epoch"], document["sourceversion"]),
    )


@pytest.mark.parametrize("message", TYPES, ids=lambda message: message.TYPE)
def test_no_message_has_a_field_for_people_or_prose(message: type[Message]) -> None:
    forbidden = {"name", "nip", "email", "phone", "text", "description", "reason", "title", "body"}
    assert forbidden.isdisjoint(message.model_fields)


def test_an_incompatible_change_is_named() -> None:
    old = schema_of(next(message for message in TYPES if message.TYPE == "activity.period.sealed"))
    gone, retyped, nested, more = deepcopy(old), deepcopy(old), deepcopy(old), deepcopy(old)
    del gone["properties"]["part"]
    retyped["properties"]["period"]["type"] = "integer"
    nested["$defs"]["EmployeeDigest"]["properties"]["entries"]["type"] = "string"
    more["properties"]["new"] = {"type": "string"}
    assert list(breaks(old, gone)) == ["part is gone"]
    assert list(breaks(old, retyped)) == ["period.: string became integer"]
    assert list(breaks(old, nested)) == ["employees.[]entries.: integer became string"]
    assert list(breaks(old, more)) == []
