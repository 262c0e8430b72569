"""A real NATS server with JetStream on 127.0.0.1, from the binary of the wheel, with one user per service."""

import json
import signal
import socket
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.embedded.process import StartError, free_port, spawn, stop, tail, wait_until

_MAX_PAYLOAD = 1024 * 1024

ADMIN = "admin"
READER = "reader"


class Nats:
    """One nats-server that keeps its streams under `data`.

    `users` is what `service_user`, `admin_user` and `reader_user` make; without it nobody needs a password.
    """

    def __init__(
        self,
        data: Path,
        log: Path,
        *,
        port: int | None = None,
        monitoring_port: int | None = None,
        users: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.data = data.resolve()
        self.log = log
        self.port = port or free_port()
        self._config: dict[str, Any] = {
            "listen": f"127.0.0.1:{self.port}",
            "server_name": "kinerja-embedded",
            "max_payload": _MAX_PAYLOAD,
            "jetstream": {"store_dir": str(self.data / "store")},
        }
        if monitoring_port:
            self._config["http"] = f"127.0.0.1:{monitoring_port}"
        if users:
            self._config["authorization"] = {"users": list(users)}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect; no credentials in it."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running server."""
        if self._child is None:
            raise StartError("NATS was not started.")
        return self._child

    def start(self) -> None:
        """Start, and return when connections are accepted."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start without waiting. Call it from the main thread."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = self.data / "nats.conf"  # the server reads JSON as its own format
        config.touch(mode=0o600)
        config.write_text(json.dumps(self._config, indent=1))
        self._child = spawn([_binary(), "--config", config], self.log)

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait for the greeting. StartError when the server ended or took longer."""
        child = self.process
        if (
            not wait_until(lambda: self._greets() or child.poll() is not None, seconds)
            or child.poll() is not None
        ):
            raise StartError(f"NATS did not start; see {self.log}:\n{tail(self.log)}")

    def stop(self) -> None:
        """Stop in order; streams stay on disk."""
        if self._child is not None:
            stop(self._child, signal.SIGTERM, 10)

    def kill(self) -> None:
        """SIGKILL, as a crash test wants it."""
        self.process.kill()
        self.process.wait()

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(5).startswith(b"INFO")
        except OSError:
            return False


def admin_user(password: str) -> dict[str, Any]:
    """May do everything: declares streams and durables."""
    return {"user": ADMIN, "password": password}


def reader_user(password: str) -> dict[str, Any]:
    """May follow every stream through ephemeral consumers, and publish nothing of ours.

    It asks for consumers only on the subject that takes neither a durable nor a name: any other could rewrite
    a service's durable.
    """
    create = ["$JS.API.CONSUMER.CREATE.*", "$JS.API.CONSUMER.MSG.NEXT.*.*", "$JS.API.CONSUMER.INFO.*.*"]
    look = [
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.INFO.*",
        "$JS.FC.>",
    ]
    return _user(READER, password, publish=create + look)


def service_user(service: str, password: str, durables: Mapping[str, str]) -> dict[str, Any]:
    """May publish its own messages, and fetch and acknowledge on `durables` (name -> stream)."""
    publish = [f"kinerja.*.{service}.>", f"$JS.API.STREAM.INFO.{service.upper()}"]
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
