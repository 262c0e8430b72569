"""Files for the servers and for whoever connects, out of one description."""

import json
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.nats.access import ADMIN, NODE, Inside, access, users
from deploy.nats.description import Description, DescriptionRefused, Node, variable

MAX_PAYLOAD = 1024 * 1024
PASSWORDS = "passwords.conf"
CLIENTS = "clients"

_ROUTES = "ROUTES"
_LINE = re.compile(r'^(\w+): "([^"]+)"$', re.MULTILINE)


def configuration(description: Description, node: Node, rights: Mapping[str, Any]) -> str:
    """The configuration file of one node. Passwords are variables, which `passwords.conf` beside it gives."""
    tls = description.tls
    content: dict[str, Any] = {
        "server_name": node.name,
        "listen": f"{description.listen}:{node.port}",
        "max_payload": MAX_PAYLOAD,
        # An acknowledged message is on the disk: a cluster whose machines all lose power must not forget what it took.
        "jetstream": {"store_dir": f"{description.store}/{node.name}", "sync_interval": "always"},
    }
    if node.monitor_port:
        content["http"] = f"{description.listen}:{node.monitor_port}"
    if tls:
        content["tls"] = _certificates(description) | {"verify": tls.verify}
    if len(description.nodes) > 1:
        content["cluster"] = {
            "name": "kinerja",
            "listen": f"{description.listen}:{node.cluster_port}",
            "authorization": {"user": NODE, "password": f"${variable(NODE)}", "timeout": 5},
            "routes": f"${_ROUTES}",
        } | ({"tls": _certificates(description) | {"timeout": 5}} if tls else {})
    return f"include {PASSWORDS}\n" + as_text({**content, **rights})


def as_text(content: Mapping[str, Any]) -> str:
    """What the server reads: JSON, in which `"$NAME"` is the variable NAME."""
    return re.sub(r'"(\$(?:PASSWORD_\w+|ROUTES))"', r"\1", json.dumps(content, indent=1)) + "\n"


def render(
    description: Description, services: Mapping[str, Inside], out: Path, rotate: Sequence[str] = ()
) -> list[Path]:
    """Write the configuration of each node, the passwords, and for each user a file with what it needs to connect.

    Passwords that are there stay, except those of the users in `rotate`. DescriptionRefused for a user there is not.
    """
    everybody = users(list(services), list(description.subscribers))
    clustered = len(description.nodes) > 1
    if strange := sorted(set(rotate) - {*everybody, NODE}):
        raise DescriptionRefused(f"There is no user {strange[0]!r}; there are: {', '.join(everybody)}.")
    for folder in (out, out / CLIENTS):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = _passwords(out / PASSWORDS)
    kept = {
        user: _new() if user in rotate or user not in known else known[user]
        for user in (*everybody, *[NODE] * clustered)
    }
    files = {out / PASSWORDS: _secrets(description, kept)}
    rights = access(services, description.subscribers, lambda user: f"${variable(user)}")
    files |= {out / f"{node.name}.conf": configuration(description, node, rights) for node in description.nodes}
    files |= {out / CLIENTS / f"{user}.env": _client(description, user, kept[user]) for user in everybody}
    for gone in {*out.glob("*.conf"), *(out / CLIENTS).glob("*.env")} - files.keys():
        gone.unlink()
    for path, text in files.items():
        _write(path, text)
    return list(files)


def _client(description: Description, user: str, password: str) -> str:
    lines = {"URL": description.url, "USER": user, "PASSWORD": password}
    if user == ADMIN:
        lines["REPLICAS"] = str(description.replicas)
    return "".join(f"KINERJA_NATS_{name}={value}\n" for name, value in lines.items())


def _secrets(description: Description, kept: Mapping[str, str]) -> str:
    lines = [f'{variable(user)}: "{password}"' for user, password in kept.items()]
    if password := kept.get(NODE):
        login = f"{NODE}:{password}"
        routes = [f"nats-route://{login}@{node.host}:{node.cluster_port}" for node in description.nodes]
        lines.append(f"{_ROUTES}: {json.dumps(routes)}")
    return "\n".join(lines) + "\n"


def _passwords(path: Path) -> dict[str, str]:
    """Passwords by user, as far as they can be read from what a run before wrote."""
    if not path.exists():
        return {}
    return {
        name.removeprefix("PASSWORD_").lower().replace("_", "-"): value
        for name, value in _LINE.findall(path.read_text())
    }


def _certificates(description: Description) -> dict[str, Any]:
    assert description.tls is not None
    return {
        "cert_file": description.tls.certificate,
        "key_file": description.tls.key,
        "ca_file": description.tls.authority,
    }


def _new() -> str:
    return secrets.token_urlsafe(24)


def _write(path: Path, text: str) -> None:
    """For its owner only, and at once: a server that reads it meanwhile never meets half of it."""
    unfinished = path.with_name(path.name + ".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    unfinished.rename(path)
