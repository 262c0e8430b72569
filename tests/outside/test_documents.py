"""The AsyncAPI parser of those who made AsyncAPI accepts what we publish; the cloudevents package reads every message."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from deploy.services import service_names
from shared.contracts.base import Message
from shared.contracts.schema_files import SAMPLES, messages, name_of
from shared.web.asyncapi import feed
from tests.e2e.story import Story
from tests.e2e.town import Town

_VALIDATE = Path(__file__).parent / "asyncapi" / "validate.mjs"


def _judged(node: str, folder: Path, documents: dict[str, Any]) -> dict[str, Any]:
    """What the parser says of each document: how many messages it holds, and its errors and warnings."""
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document))
    done = subprocess.run([node, _VALIDATE, *documents], cwd=folder, capture_output=True, text=True, check=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def _published(town: Town) -> dict[str, Any]:
    run = town.system.data.run()
    assert run
    urls = {name: town.urls[name] for name in service_names()} | {"feed-of-all": run["base_url"]}
    return {name: httpx.get(f"{url}/asyncapi.json", trust_env=False).json() for name, url in urls.items()}


def test_the_official_parser_accepts_every_document(town: Town, node: str, tmp_path: Path) -> None:
    documents = _published(town)
    judged = _judged(node, tmp_path, documents)
    assert {name: each["problems"] for name, each in judged.items()} == {name: [] for name in documents}
    assert judged["feed-of-all"]["messages"] == len(messages())


def test_the_official_parser_sees_a_broken_reference(town: Town, node: str, tmp_path: Path) -> None:
    lost = _published(town)["feed-of-all"]
    lost["channels"]["activity.entry.logged.v1"]["messages"]["event"]["$ref"] = "#/components/messages/none"
    assert _judged(node, tmp_path, {"lost": lost})["lost"]["problems"]


@pytest.mark.parametrize("message", messages(), ids=lambda message: message.TYPE)
def test_every_example_fits_the_schema_beside_it_and_no_other(message: type[Message]) -> None:
    name, components = name_of(message).removesuffix(".json"), feed("1")["components"]
    schema = {"$ref": f"#/components/messages/{name}/payload", "components": components}
    fits = jsonschema_rs.validator_for(schema, validate_formats=True).is_valid
    [example] = components["messages"][name]["examples"]
    assert fits(example["payload"])
    for field in components["schemas"][name]["required"]:
        less = {key: value for key, value in example["payload"]["data"].items() if key != field}
        assert not fits(example["payload"] | {"data": less}), field
    assert not fits(example["payload"] | {"type": "id.go.kinerja.another.v1"})


def _read(body: bytes | str) -> CloudEvent:
    event = JSONFormat().read(CloudEvent, body)
    assert isinstance(event, CloudEvent)
    return event


@pytest.mark.parametrize("path", sorted(SAMPLES.iterdir()), ids=lambda path: path.stem)
def test_the_cloudevents_package_reads_every_sample(path: Path) -> None:
    said = json.loads(path.read_bytes())
    event = _read(path.read_bytes())
    assert (event.get_id(), event.get_type(), event.get_data()) == (said["id"], said["type"], said["data"])
    broken = {key: value for key, value in said.items() if key != "source"}
    with pytest.raises(CloudEventValidationError):
        _read(json.dumps(broken))


def test_the_cloudevents_package_reads_every_message_on_the_road(town: Town, story: Story) -> None:
    told = [json.loads(line) for line in town.kinerja("events", "--json").splitlines()]
    assert {event["instansi"] for event in told} >= {story.agency.code}
    for said in told:
        event = _read(json.dumps(said))
        assert (event.get_source(), event.get_subject()) == (said["source"], said["subject"])
        assert event.get_extension("sourceversion") == said["sourceversion"]
