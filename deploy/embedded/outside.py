"""Subscribers outside, on the embedded system: kept below the data directory, and followed while it runs."""

import asyncio
import json
import os
import signal
from typing import Any

from nats.errors import Error as NatsError

from deploy.embedded.data import Data
from deploy.embedded.nats import Nats
from deploy.embedded.process import StartError
from deploy.nats.access import PREFIX, access, durable_of
from deploy.nats.description import Description, Subscriber, read
from deploy.nats.inside import inside, taken
from shared.messaging.streams import connect

_RELOADS = 20
_RELOAD_SECONDS = 0.3
_PATIENCE = 5
#: It has all the connections that it may have.
_FULL = "maximum account active connections"


def rights(data: Data) -> dict[str, Any]:
    """Who may do what, with the passwords of this data directory."""
    return access(inside(), subscribers(data), data.nats_secret)


def subscribers(data: Data) -> dict[str, Subscriber]:
    """Who listens from outside."""
    file = data.root / "subscribers.json"
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return read({"subscribers": content}, taken(), str(file)).subscribers


def keep(data: Data, description: Description) -> None:
    """Remember who listens from outside. The password of who no longer does is never good again."""
    for gone in subscribers(data).keys() - description.subscribers.keys():
        data.secret(f"nats {gone}", anew=True)
    content = {name: subscriber.model_dump() for name, subscriber in description.subscribers.items()}
    data.write(data.root / "subscribers.json", json.dumps(content, indent=1))


async def reload(data: Data) -> None:
    """Have the running server take over who may do what, and see that every subscriber is answered. StartError."""
    run = data.run() or {"processes": {}}
    server = run["processes"].get("nats", {})
    if not server.get("pid"):
        raise StartError("NATS does not run; look at `kinerja status`.")
    nats = Nats(data.root / "nats", data.logs / "nats.log", port=server["port"], rights=lambda: rights(data))
    nats.configure()
    for _ in range(_RELOADS):
        # More than once: the server (2.15.1) makes an account at one reload, and what it may call at the next.
        os.kill(server["pid"], signal.SIGHUP)
        await asyncio.sleep(_RELOAD_SECONDS)
        if all([await _is_answered(nats.url, data, *each) for each in subscribers(data).items()]):
            return
    raise StartError(f"NATS does not answer every subscriber; see {nats.log}.")


async def _is_answered(url: str, data: Data, name: str, subscriber: Subscriber) -> bool:
    try:
        client = await connect(url, name, data.nats_secret(name), allow_reconnect=False)
    except NatsError as refused:
        return _FULL in str(refused).lower()
    try:
        for stream in subscriber.subjects():
            await client.request(f"{PREFIX}.CONSUMER.INFO.{stream}.{durable_of(name)}", b"", timeout=_PATIENCE)
    except NatsError:
        return False
    finally:
        await client.close()
    return True
