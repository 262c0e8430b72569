"""Streams are declared by a deploy step that can be run again at any time."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext

from deploy.embedded.nats import Nats
from deploy.embedded.process import free_port
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until


class Node(Nats):
    """One server of a cluster."""

    def __init__(self, folder: Path, name: str, port: int, neighbours: list[int]) -> None:
        super().__init__(folder / name, folder / f"{name}.log")
        routes = [f"nats://127.0.0.1:{neighbour}" for neighbour in neighbours]
        self._config["server_name"] = name
        self._config["cluster"] = {"name": "three", "listen": f"127.0.0.1:{port}", "routes": routes}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[list[Node]]:
    """Three servers."""
    ports = [free_port() for _ in range(3)]
    nodes = [Node(tmp_path, f"n{port}", port, ports) for port in ports]
    for node in nodes:
        node.start()
    yield nodes
    for node in nodes:
        node.stop()


async def test_declaring_again_leaves_the_copies_of_a_cluster_as_they_are(cluster: list[Node]) -> None:
    client = await connect(cluster[0].url)
    js = client.jetstream(timeout=5)

    async def declared() -> bool:
        with contextlib.suppress(NatsError):  # until the three have found one another
            return bool(await apply(js, ["bare"], [], replicas=3))
        return False

    await until(declared)
    assert await _copies(js) == 3
    await apply(js, ["bare"], [])
    assert await _copies(js) == 3
    await apply(js, ["bare"], [], replicas=1)
    assert await _copies(js) == 1
    await client.close()


async def _copies(js: JetStreamContext) -> int:
    return (await js.stream_info("BARE")).config.num_replicas or 1
