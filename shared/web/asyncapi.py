"""The AsyncAPI 3.0 document of a service: what it tells and what it hears, from the contracts themselves."""

from collections.abc import Sequence
from typing import Any

from shared.contracts.base import Message
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.streams import Subscription


def document(
    name: str, title: str, version: str, told: Sequence[type[Message]], subscriptions: Sequence[Subscription]
) -> dict[str, Any]:
    """`told` are the message types of the service itself; `subscriptions` what it hears from others."""
    heard = [message for subscription in subscriptions for message in subscription.messages]
    operations: dict[str, Any] = {}
    for message in told:
        operations[f"send {message.TYPE}"] = _operation("send", message)
    for subscription in subscriptions:
        for message in subscription.messages:
            operations[f"{subscription.durable} {message.TYPE}"] = _operation("receive", message)
    schemas: dict[str, Any] = {}
    channels = {message.full_type(): _channel(message, schemas) for message in [*told, *heard]}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": title, "version": version, "x-service": name},
        "defaultContentType": CONTENT_TYPE,
        "channels": channels,
        "operations": operations,
        "components": {"schemas": schemas},
    }


def _channel(message: type[Message], schemas: dict[str, Any]) -> dict[str, Any]:
    data = message.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas.update(data.pop("$defs", {}))
    return {
        "address": message.subject("{instansi}"),
        "description": (message.__doc__ or "").strip(),
        "parameters": {"instansi": {"description": "the agency, [a-z0-9-]+"}},
        "messages": {
            "event": {
                "name": message.full_type(),
                "contentType": CONTENT_TYPE,
                "payload": {
                    "type": "object",
                    "description": "CloudEvents 1.0, structured mode",
                    "required": ["specversion", "id", "type", "subject", "instansi", "sourceversion", "epoch", "data"],
                    "properties": {
                        "specversion": {"const": "1.0"},
                        "id": {"type": "string", "format": "uuid"},
                        "type": {"const": message.full_type()},
                        "subject": {"type": "string", "format": "uuid", "description": "the source of the fact"},
                        "time": {"type": "string", "format": "date-time", "description": "when it happened"},
                        "recordedat": {"type": "string", "format": "date-time", "description": "when it was learned"},
                        "instansi": {"type": "string"},
                        "sourceversion": {"type": "integer", "description": "newer is greater, within an epoch"},
                        "epoch": {"type": "integer", "description": "raised by a restore of the source's database"},
                        "origin": {"enum": ["person", "import", "reaction"]},
                        "correlationid": {"type": "string"},
                        "causationid": {"type": "string"},
                        "data": data,
                    },
                },
            }
        },
    }


def _operation(action: str, message: type[Message]) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{message.full_type()}"}}
