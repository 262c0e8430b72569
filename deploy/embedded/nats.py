"""A real NATS server with JetStream on 127.0.0.1, from the binary of the wheel."""

import signal
import socket
import subprocess
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deploy.embedded.process import Server, StartError, spawn
from deploy.nats.access import ACCOUNT
from deploy.nats.render import MAX_PAYLOAD, as_text


class Nats(Server):
    """One nats-server that keeps its streams under `data`.

    `rights` is asked at each start who may do what, as `deploy.nats.access` says it; nothing: nobody needs a password.
    """

    name = "NATS"
    stop_signal = signal.SIGTERM

    def __init__(
        self, data: Path, log: Path, *, port: int | None = None, rights: Callable[[], Mapping[str, Any]] = dict
    ) -> None:
        super().__init__(log, port)
        self.data = data.resolve()
        self._rights = rights

    @property
    def url(self) -> str:
        """Where clients connect; no credentials in it."""
        return f"nats://127.0.0.1:{self.port}"

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting, with a new configuration file."""
        config = self.configure()
        self._child = spawn([binary(), "--config", config], self.log)
        return self._child

    def configure(self) -> Path:
        """Write the configuration file; a running server takes it over on SIGHUP."""
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        rights, store = self._rights(), self.data / "store"
        content = {
            "listen": f"127.0.0.1:{self.port}",
            "server_name": "kinerja-embedded",
            "max_payload": MAX_PAYLOAD,
            "jetstream": {"store_dir": str(store)},
        }
        nobodys, ours = store / "jetstream" / "$G", store / "jetstream" / ACCOUNT
        if rights and nobodys.exists() and not ours.exists():
            nobodys.rename(ours)  # written before there were accounts
        config = self.data / "nats.conf"
        config.touch(mode=0o600)
        config.write_text(as_text({**content, **rights}))
        return config

    def is_ready(self) -> bool:
        """Whether it greets."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(5).startswith(b"INFO")
        except OSError:
            return False


def binary() -> Path:
    """The server's program."""
    found = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not found.exists():
        raise StartError("nats-server's wheel is missing; run `make setup`.")
    return found
