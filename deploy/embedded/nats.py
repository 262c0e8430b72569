"""A real NATS server with JetStream on 127.0.0.1, from the binary of the wheel, with one user per service."""

import json
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.embedded.process import Server, StartError, spawn

_MAX_PAYLOAD = 1024 * 1024

ADMIN = "admin"
READER = "reader"


class Nats(Server):
    """One nats-server that keeps its streams under `data`.

    `users` is what `service_user`, `admin_user` and `reader_user` make; without it nobody needs a password.
    """

    name = "NATS"
    stop_signal = signal.SIGTERM

    def __init__(
        self, data: Path, log: Path, *, port: int | None = None, users: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(log, port)
        self.data = data.resolve()
        self._config: dict[str, Any] = {
            "listen": f"127.0.0.1:{self.port}",
            "server_name": "kinerja-embedded",
            "max_payload": _MAX_PAYLOAD,
            "jetstream": {"store_dir": str(self.data / "store")},
        }
        if users:
            self._config["authorization"] = {"users": list(users)}

    @property
    def url(self) -> str:
        """Where clients connect; no credentials in it."""
        return f"nats://127.0.0.1:{self.port}"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting, with a new configuration file."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = self.data / "nats.conf"  # the server reads JSON as its own format
        config.touch(mode=0o600)
        config.write_text(json.dumps(self._config, indent=1))
        self._child = spawn([_binary(), "--config", config], self.log)
        return self._child

    def is_ready(self) -> bool:
        """Whether it greets."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(5).startswith(b"INFO")
        except OSError:
            return False


def admin_user(password: str) -> dict[str, Any]:
    """May do everything: declares streams and durables."""
    return {"user": ADMIN, "password": password}


def reader_user(password: str) -> dict[str, Any]:
    """May read every message, look at streams and durables, and change nothing.

    It reads by sequence (direct get), not through consumers: whoever may create one may name a service's durable in
    the request and so rewrite it, and whoever may pull may drain it.
    """
    look = ["$JS.API.DIRECT.GET.*", "$JS.API.STREAM.INFO.*", "$JS.API.CONSUMER.INFO.*.*"]
    return _user(READER, password, publish=look)


def service_user(service: str, password: str, durables: Mapping[str, str]) -> dict[str, Any]:
    """May publish its own messages and see who is behind with them, and fetch and acknowledge on `durables` (name -> stream)."""
    publish = [f"kinerja.*.{service}.>"]
    publish += [f"$JS.API.STREAM.INFO.{service.upper()}", f"$JS.API.CONSUMER.LIST.{service.upper()}"]
    for durable, stream in durables.items():
        publish += [
            f"$JS.API.CONSUMER.INFO.{stream}.{durable}",
            f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}",
            f"$JS.ACK.{stream}.{durable}.>",
            f"$JS.ACK.*.*.{stream}.{durable}.>",
        ]
    return _user(service, password, publish)


def _user(name: str, password: str, publish: Sequence[str]) -> dict[str, Any]:
    permissions = {"publish": {"allow": list(publish)}, "subscribe": {"allow": [f"_INBOX_{name}.>"]}}
    return {"user": name, "password": password, "permissions": permissions}


def _binary() -> Path:
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not binary.exists():
        raise StartError("nats-server's wheel is missing; run `make setup`.")
    return binary
