"""Subscribers outside, on the embedded system: kept below the data directory, and followed while it runs."""

import json
import os
import signal
from typing import Any

from deploy.embedded.data import Data
from deploy.embedded.nats import Nats
from deploy.embedded.process import StartError
from deploy.nats.access import access
from deploy.nats.description import Description, Subscriber, read
from deploy.nats.inside import inside, taken


def rights(data: Data) -> dict[str, Any]:
    """Who may do what, with the passwords of this data directory."""
    return access(inside(), subscribers(data), data.nats_secret)


def subscribers(data: Data) -> dict[str, Subscriber]:
    """Who listens from outside."""
    try:
        content = json.loads((data.root / "subscribers.json").read_text())
    except FileNotFoundError:
        return {}
    return read({"subscribers": content}, taken()).subscribers


def keep(data: Data, description: Description) -> None:
    """Remember who listens from outside."""
    content = {name: subscriber.model_dump() for name, subscriber in description.subscribers.items()}
    data.write(data.root / "subscribers.json", json.dumps(content, indent=1))


def reload(data: Data) -> None:
    """Have the running server take over who may do what. StartError when none runs."""
    run = data.run() or {"processes": {}}
    server = run["processes"].get("nats", {})
    if not server.get("pid"):
        raise StartError("NATS does not run; look at `kinerja status`.")
    Nats(data.root / "nats", data.logs / "nats.log", port=server["port"], rights=lambda: rights(data)).configure()
    os.kill(server["pid"], signal.SIGHUP)
