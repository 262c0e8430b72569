"""Three servers, of which any one may be lost under load: what was recorded arrives once, and what is heard goes on."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

import orjson
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, StreamInfo
from sqlalchemy import text

from deploy.nats.access import Inside
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Order
from shared.eventstore.execute import execute
from shared.eventstore.relay import Relay
from shared.ids import fresh_id
from shared.messaging.streams import apply, connect
from shared.messaging.subscriber import new_broker, stop_broker
from shared.testing.waiting import until
from tests.deploy.nats.nodes import Node, describe, login, running
from tests.shared.eventstore.counter import COUNTER, Add

_PATIENCE = 120


async def never(*_: object) -> int:
    raise AssertionError("a stream that lost nothing is not filled again")


@asynccontextmanager
async def relay(worker: Database, folder: Path) -> AsyncIterator[Relay]:
    """A relay as a service runs it, with the addresses of all three."""
    broker = new_broker(*login(folder, "bare"), "bare")
    running = Relay("bare", worker.driver_url(), await broker.connect(), never)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.wait([task])
        await stop_broker(broker)


class Load:
    """Records without a pause, one event a counter."""

    def __init__(self, api: Database, context: Context) -> None:
        self._api, self._context, self.recorded = api, context, 0

    async def run(self) -> None:
        while True:
            orders = [Order(fresh_id(), Add(1)) for _ in range(20)]
            await self._api.run(lambda conn: execute(conn, COUNTER, self._context, orders), "medan")  # noqa: B023
            self.recorded += 20
            await asyncio.sleep(0.05)


async def hear(client: Client, heard: list[UUID]) -> None:
    """As a consumer does: keep, then acknowledge; ask again after whatever went wrong."""
    pull = await client.jetstream().pull_subscribe_bind("hearer", stream="BARE")
    while True:
        try:
            for message in await pull.fetch(100, timeout=2):
                heard.append(UUID(orjson.loads(message.data)["subject"]))
                await message.ack()
        except (NatsError, OSError):
            await asyncio.sleep(0.1)


async def info(admin: Client) -> StreamInfo | None:
    try:
        return await admin.jetstream(timeout=2).stream_info("BARE")
    except (NatsError, OSError):
        return None


async def test_any_node_may_be_killed_under_load(
    tmp_path: Path, api: Database, worker: Database, context: Context
) -> None:
    description = describe(tmp_path, 3)
    async with AsyncExitStack() as stack:
        nodes = stack.enter_context(running(tmp_path, description, {"bare": Inside({})}))
        logs = stack.enter_context(structlog.testing.capture_logs())
        admin = await connect(*login(tmp_path, "admin"), max_reconnect_attempts=-1)
        stack.push_async_callback(admin.close)
        await _declare(admin, description.replicas)
        load, heard = Load(api, context), list[UUID]()
        await stack.enter_async_context(relay(worker, tmp_path))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(load.run()), group.create_task(hear(admin, heard))]
            for lost in ("leader", "follower"):
                now = load.recorded
                await until(lambda: _passed(lambda: len(set(heard)) > now + 100), _PATIENCE)  # noqa: B023
                await _lose(tmp_path, admin, nodes, lost, lambda: len(set(heard)))
            tasks[0].cancel()
            await asyncio.wait(tasks[:1])
            async with worker.transaction() as conn:
                recorded = set((await conn.execute(text("SELECT stream FROM events"))).scalars())
            await until(lambda: _passed(lambda: len(set(heard)) >= len(recorded)), _PATIENCE)
            tasks[1].cancel()
        assert set(heard) == recorded
        there = await info(admin)
        assert there is not None
        assert there.state.messages == len(recorded)  # once each
        assert not [entry for entry in logs if entry["event"] in ("relay.stream_reset", "relay.refused")]


async def _declare(admin: Client, replicas: int) -> None:
    async def declared() -> bool:
        try:
            await apply(admin.jetstream(timeout=5), ["bare"], [], replicas=replicas)
            await admin.jetstream(timeout=5).add_consumer("BARE", ConsumerConfig(durable_name="hearer", ack_wait=5))
        except (NatsError, OSError):  # the nodes have not found one another yet
            return False
        return True

    await until(declared, _PATIENCE)
    told = await admin.jetstream().consumer_info("BARE", "hearer")
    assert told.cluster is not None
    assert len(told.cluster.replicas or ()) == 2


async def _lose(folder: Path, admin: Client, nodes: list[Node], which: str, heard: Callable[[], int]) -> None:
    """Kill the stream's leader or another; go on without it; start it again (the other with an empty disk, as a machine
    in its place would), and see that it has caught up."""
    before = await info(admin)
    assert before is not None
    assert before.cluster is not None
    lost = next(node for node in nodes if (node.node.name == before.cluster.leader) == (which == "leader"))
    lost.kill()
    reached = heard()
    await until(lambda: _passed(lambda: heard() > reached + 200), _PATIENCE)
    if which == "follower":
        shutil.rmtree(folder / "store" / lost.node.name)
    lost.launch()

    async def caught_up() -> bool:
        now = await info(admin)
        peers = {peer.name: peer for peer in (now.cluster.replicas or ())} if now and now.cluster else {}
        return lost.node.name in peers and all(bool(peer.current) and not peer.offline for peer in peers.values())

    await until(caught_up, _PATIENCE)


async def _passed(condition: Callable[[], bool]) -> bool:
    return condition()
