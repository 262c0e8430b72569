"""Which port of 127.0.0.1 is whose in the embedded system."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.embedded.data import DataRefused

#: Their ports are known to others and never move; further services follow them.
_FIRST = ("activity", "appraisal", "directory", "notification", "training")


@dataclass(frozen=True)
class Ports:
    """`base` serves services.json, the five first services follow in alphabetical order and then the others, the servers 20 further on.

    The further workers of the services follow the servers, in groups.
    """

    base: int
    services: Sequence[str]
    further_workers: int = 0

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

    def of(self, service: str, worker: int = 0) -> int:
        """HTTP of one service, or of one of its further workers."""
        first = self.base + (25 + (worker - 1) * len(self.services) if worker else 1)
        return first + sorted(self.services, key=lambda each: (each not in _FIRST, each)).index(service)

    def url(self, service: str, worker: int = 0) -> str:
        """Where one service, or one of its further workers, answers."""
        return f"http://127.0.0.1:{self.of(service, worker)}"

    def refuse_busy(self) -> None:
        """DataRefused when another program listens on one of them."""
        owners = {self.base: "services.json", self.nats: "NATS", self.postgres: "PostgreSQL", self.mail: "mail"}
        for number in range(self.further_workers + 1):
            owners |= {self.of(service, number): service for service in self.services}
        for port, owner in owners.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise DataRefused(
                        f"Port {port} (for {owner}) is used by another program; stop that one or choose other ports"
                        " with --port."
                    ) from None
