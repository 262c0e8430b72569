"""Servers started from rendered files, as on machines of their own."""

import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.embedded.nats import binary
from deploy.embedded.process import Server, free_port, spawn
from deploy.nats.access import Inside
from deploy.nats.description import Description, read
from deploy.nats.inside import inside
from deploy.nats.render import render


class Node(Server):
    """One server of a description, run from `folder`/<name>.conf."""

    name = "NATS node"
    stop_signal = signal.SIGTERM

    def __init__(self, folder: Path, node: Any) -> None:
        super().__init__(folder / f"{node.name}.log", node.port)
        self.node, self._config = node, folder / f"{node.name}.conf"

    def launch(self) -> subprocess.Popen[bytes]:
        self._child = spawn([binary(), "--config", self._config], self.log)
        return self._child

    def is_ready(self) -> bool:
        return "Server is ready" in self.log.read_text(errors="replace")


def describe(folder: Path, nodes: int = 1, **more: Any) -> Description:
    """So many nodes on free ports of 127.0.0.1."""
    return read(
        {
            "listen": "127.0.0.1",
            "store": str(folder / "store"),
            "nodes": [
                {
                    "name": f"nats-{number}",
                    "host": "127.0.0.1",
                    "port": free_port(),
                    "cluster_port": free_port(),
                    "monitor_port": free_port(),
                }
                for number in range(1, nodes + 1)
            ],
            **more,
        }
    )


@contextmanager
def running(
    folder: Path, description: Description, services: Mapping[str, Inside] | None = None
) -> Iterator[list[Node]]:
    """Its servers, rendered below `folder` and stopped at the end."""
    render(description, inside() if services is None else services, folder)
    nodes = [Node(folder, node) for node in description.nodes]
    try:
        for node in nodes:
            node.launch()
        for node in nodes:
            node.wait_ready()
        yield nodes
    finally:
        for node in nodes:
            node.stop()


def login(folder: Path, user: str) -> tuple[str, str, str]:
    """Address, user and password out of the file that the user is given."""
    lines = (folder / "clients" / f"{user}.env").read_text().splitlines()
    said = dict(line.split("=", 1) for line in lines)
    return said["KINERJA_NATS_URL"], said["KINERJA_NATS_USER"], said["KINERJA_NATS_PASSWORD"]
