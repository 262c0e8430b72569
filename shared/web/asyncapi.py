"""AsyncAPI 3.0 documents from the contracts themselves: of one service, and of the whole public feed."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from shared.contracts.base import Message
from shared.contracts.schema_files import SAMPLES, messages, name_of
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.streams import Subscription

_TOLD = {
    "stream": "With each such fact, once. Republishing tells it again under the same id.",
    "row": "When its content changed, at most once a source and batch. Republishing tells the newest again under the same id.",
}
_ENVELOPE: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0 in structured mode.",
    "required": [
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"),
        *("instansi", "sourceversion", "epoch", "recordedat", "origin", "correlationid"),
    ],
    "properties": {
        "specversion": {"type": "string", "const": "1.0"},
        "id": {"type": "string", "format": "uuid", "description": "the same whenever this message is told again"},
        "source": {"type": "string", "description": "the service"},
        "type": {"type": "string"},
        "subject": {"type": "string", "format": "uuid", "description": "the source of the fact"},
        "time": {"type": "string", "format": "date-time", "description": "when it happened"},
        "datacontenttype": {"type": "string", "const": "application/json"},
        "instansi": {"type": "string", "pattern": "^[a-z0-9-]+$", "description": "the agency"},
        "sourceversion": {"type": "integer", "minimum": 1, "description": "newer is greater, within an epoch"},
        "epoch": {"type": "integer", "minimum": 1, "description": "raised by a restore of the source's database"},
        "recordedat": {"type": "string", "format": "date-time", "description": "when it was learned"},
        "origin": {"type": "string", "enum": ["person", "import", "reaction"], "description": "what it comes from"},
        "correlationid": {"type": "string", "description": "the request that led to it"},
        "causationid": {"type": "string", "description": "the message that led to it"},
        "deprecated": {"type": "boolean", "description": "an end of this version is announced"},
        "deprecationfrom": {"type": "string", "format": "date-time", "description": "when it was announced"},
        "deprecationsunset": {"type": "string", "format": "date-time", "description": "it is told until then"},
    },
}
_HEADERS = {
    "type": "object",
    "properties": {
        "Nats-Msg-Id": {"type": "string", "description": "the id, or the id and the run that told it again"},
        "Content-Type": {"type": "string", "const": CONTENT_TYPE},
        "traceparent": {"type": "string", "description": "W3C Trace Context"},
    },
}


def document(
    name: str, title: str, version: str, told: Sequence[type[Message]], subscriptions: Sequence[Subscription]
) -> dict[str, Any]:
    """`told` are the message types of the service itself; `subscriptions` what it hears from others."""
    operations = {f"send-{_key(message)}": _operation("send", message) for message in told}
    for subscription in subscriptions:
        for message in subscription.messages:
            operations[f"{subscription.durable}-{_key(message)}"] = _operation("receive", message)
    heard = [message for subscription in subscriptions for message in subscription.messages]
    return _document({"title": title, "version": version, "x-service": name}, [*told, *heard], operations)


@cache
def feed(version: str) -> dict[str, Any]:
    """The whole public feed: every message of every service, as another system hears it."""
    info = {
        "title": "Kinerja: the public feed",
        "version": version,
        "description": (
            "Everything that happens, without names, NIP or free text. Messages may come twice, late and out of order: "
            "keep the newest (epoch, sourceversion) of each subject, and take each id once."
        ),
    }
    told = messages()
    return _document(info, told, {f"send-{_key(message)}": _operation("send", message) for message in told})


def _document(info: dict[str, Any], types: Iterable[type[Message]], operations: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = {"envelope": _ENVELOPE}
    channels, described = {}, {}
    for message in types:
        key = _key(message)
        described[key] = _message(message, schemas)
        channels[key] = {
            "address": message.subject("{instansi}"),
            "description": _meaning(message),
            "parameters": {"instansi": {"description": "the agency, [a-z0-9-]+"}},
            "messages": {"event": {"$ref": f"#/components/messages/{key}"}},
        }
    return {
        "asyncapi": "3.0.0",
        "info": info,
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"messages": described, "schemas": schemas},
    }


def _message(message: type[Message], schemas: dict[str, Any]) -> dict[str, Any]:
    """What is to be known of one message; the schemas it needs go to `schemas`, under names no other service uses."""
    key, owner = _key(message), message.stream().lower()
    data = message.model_json_schema(mode="serialization", ref_template=f"#/components/schemas/{owner}.{{model}}")
    schemas.update({f"{owner}.{name}": schema for name, schema in data.pop("$defs", {}).items()})
    schemas[key] = data
    told: dict[str, Any] = {
        "name": message.full_type(),
        "title": f"{message.TYPE}, version {message.VERSION}",
        "summary": _meaning(message),
        "description": _TOLD[message.REGENERATOR],
        "contentType": CONTENT_TYPE,
        "headers": _HEADERS,
        "payload": {
            "allOf": [{"$ref": "#/components/schemas/envelope"}],
            "type": "object",
            "properties": {
                "type": {"type": "string", "const": message.full_type()},
                "data": {"$ref": f"#/components/schemas/{key}"},
            },
        },
    }
    if (sample := SAMPLES / name_of(message)).exists():
        told["examples"] = [{"name": "sample", "payload": json.loads(sample.read_text())}]
    if (end := message.DEPRECATION) is not None:
        told["payload"]["deprecated"] = True
        told |= {"x-deprecated-since": str(end.since), "x-sunset": str(end.sunset)}
    return told


def _key(message: type[Message]) -> str:
    return f"{message.TYPE}.v{message.VERSION}"


def _meaning(message: type[Message]) -> str:
    return " ".join((message.__doc__ or "").split())


def _operation(action: str, message: type[Message]) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{_key(message)}"}}
