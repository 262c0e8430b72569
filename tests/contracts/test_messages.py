"""Public messages are promises: their schemas are committed, and every sample ever released loads for ever."""

import json
from pathlib import Path

import pytest

from shared.contracts.base import Message
from shared.contracts.schema_files import SAMPLES, SCHEMAS, file_of, messages, name_of, schema_of
from shared.messaging.envelope import decode

TYPES = messages()


@pytest.mark.parametrize("message", TYPES, ids=lambda message: message.TYPE)
def test_the_committed_schema_is_what_the_code_sends(message: type[Message]) -> None:
    file = file_of(message)
    assert file.exists(), "run: python -m shared.contracts.schema_files"
    assert json.loads(file.read_text()) == schema_of(message), "run: python -m shared.contracts.schema_files"


def test_every_type_has_a_sample_and_no_schema_lost_its_type() -> None:
    names = {name_of(message) for message in TYPES}
    assert {path.name for path in SCHEMAS.iterdir()} == names
    assert names - {path.name for path in SAMPLES.iterdir()} == set(), f"write an example of it into {SAMPLES}"


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
