"""Which port of 127.0.0.1 is whose in the embedded system."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.embedded.data import DataRefused


@dataclass(frozen=True)
class Ports:
    """`base` serves services.json, the services follow in alphabetical order, the servers 20 further on."""

    base: int
    services: Sequence[str]

    @property
    def nats(self) -> int:
        """NATS clients."""
        return self.base + 20

    @property
    def postgres(self) -> int:
        """PostgreSQL clients."""
        return self.base + 21

    @property
    def mail(self) -> int:
        """The mailbox's SMTP."""
        return self.base + 22

    def of(self, service: str) -> int:
        """HTTP of one service."""
        return self.base + 1 + self.services.index(service)

    def url(self, service: str) -> str:
        """Where one service answers."""
        return f"http://127.0.0.1:{self.of(service)}"

    def refuse_busy(self) -> None:
        """DataRefused when another program listens on one of them."""
        owners = {self.base: "services.json", self.nats: "NATS", self.postgres: "PostgreSQL", self.mail: "mail"}
        for port, owner in (owners | {self.of(service): service for service in self.services}).items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise DataRefused(
                        f"Port {port} (for {owner}) is used by another program; stop that one or choose other ports"
                        " with --port."
                    ) from None
