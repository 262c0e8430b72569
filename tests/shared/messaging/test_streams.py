"""Streams are declared by a deploy step that can be run again at any time."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from nats.js.client import JetStreamContext

from deploy.embedded.nats import Nats
from deploy.nats.access import Inside
from shared.messaging.streams import apply, connect
from shared.testing.waiting import until
from tests.deploy.nats.nodes import describe, login, running


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    """Three servers, described below this folder."""
    with running(tmp_path, describe(tmp_path, 3), {"bare": Inside({})}):
        yield tmp_path


async def test_declaring_again_leaves_the_copies_of_a_cluster_as_they_are(cluster: Path) -> None:
    client = await connect(*login(cluster, "admin"))
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


async def test_a_stream_with_a_size_drops_the_oldest_and_keeps_its_size_when_declared_again(nats_server: Nats) -> None:
    client = await connect(nats_server.url)
    js = client.jetstream()
    await apply(js, ["bare"], [], max_bytes=100_000)
    for _ in range(30):
        await js.publish("kinerja.medan.bare.counter.counted.v1", bytes(10_000))
    await apply(js, ["bare"], [])
    info = await js.stream_info("BARE")
    assert info.config.max_bytes == 100_000
    assert 5 <= info.state.messages <= 10
    assert (info.state.first_seq, info.state.last_seq) == (31 - info.state.messages, 30)
    await js.delete_stream("BARE")
    await client.close()
