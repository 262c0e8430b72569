"""`kinerja events` reads the feed as the outside does: everything, or some of it, or what comes; and it ends in order."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import orjson
import pytest
from click.testing import CliRunner, Result
from nats.aio.client import Client
from nats.errors import NoRespondersError

from cli.events import read
from cli.main import main
from deploy.embedded.nats import Nats
from deploy.nats.access import access
from shared.contracts.schema_files import SAMPLES
from shared.messaging.streams import apply, connect

SATISFACTION, CANCELLED = "activity.satisfaction.changed.v1", "training.enrolment.cancelled.v1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    """A server that knows its readers."""
    folder = tmp_path_factory.mktemp("nats")
    made = Nats(folder / "nats", folder / "nats.log", rights=lambda: access({}, {}, lambda user: user[0]))
    made.start()
    yield made
    made.stop()


@pytest.fixture
async def admin(server: Nats) -> AsyncIterator[Client]:
    client = await connect(server.url, "admin", "a")
    await apply(client.jetstream(), ["activity", "training"], [])
    yield client
    for stream in ("ACTIVITY", "TRAINING"):
        await client.jetstream().delete_stream(stream)
    await client.close()


async def tell(admin: Client, type_: str, instansi: str = "medan", times: int = 1) -> None:
    """Publish a golden sample."""
    body = orjson.dumps(orjson.loads((SAMPLES / f"{type_}.json").read_bytes()) | {"instansi": instansi})
    await asyncio.gather(*(admin.jetstream().publish(f"kinerja.{instansi}.{type_}", body) for _ in range(times)))


def login(server: Nats) -> dict[str, str]:
    return {"KINERJA_NATS_URL": server.url, "KINERJA_NATS_USER": "reader", "KINERJA_NATS_PASSWORD": "r"}


async def shown(server: Nats | str, *arguments: str) -> Result:
    env = {"KINERJA_NATS_URL": server} if isinstance(server, str) else login(server)
    return await asyncio.to_thread(CliRunner().invoke, main, ["events", *arguments], env=env)


async def test_the_feed_can_be_narrowed_by_agency_type_and_time(admin: Client, server: Nats) -> None:
    await tell(admin, SATISFACTION, times=300)
    await tell(admin, CANCELLED)
    await asyncio.sleep(0.01)
    noon = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
    await asyncio.sleep(1)
    await tell(admin, SATISFACTION, "jambi")
    everything = (await shown(server)).stdout.splitlines()
    assert len(everything) == 302
    assert sum(SATISFACTION in line for line in everything) == 301
    assert len((await shown(server, "--type", "activity")).stdout.splitlines()) == 301
    assert len((await shown(server, "--type", "training.enrolment.canc")).stdout.splitlines()) == 1
    assert (await shown(server, "--type", "training.course")).stdout == ""
    [late] = (await shown(server, "--from", noon, "--type", "activity")).stdout.splitlines()[-1:]
    assert "jambi" in late
    [document] = (await shown(server, "--instansi", "jambi", "--json")).stdout.splitlines()
    assert orjson.loads(document)["instansi"] == "jambi"


async def test_a_message_nobody_can_read_is_shown_as_such(admin: Client, server: Nats) -> None:
    await admin.jetstream().publish("kinerja.medan.activity.entry.logged.v1", b"<xml/>")
    await tell(admin, SATISFACTION)
    first, second = (await shown(server)).stdout.splitlines()
    assert first.startswith("unreadable")
    assert "<xml/>" in first
    assert SATISFACTION in second


async def test_wrong_questions_and_absent_servers_are_named(server: Nats) -> None:
    unknown = await shown(server, "--type", "payroll.paid")
    assert (unknown.exit_code, "payroll.paid" in unknown.stderr) == (2, True)
    assert (await shown(server, "--instansi", "kota medan")).exit_code == 2
    away = await shown("nats://127.0.0.1:9")
    assert (away.exit_code, "does not answer" in away.stderr) == (4, True)


async def test_whoever_follows_sees_what_comes_also_on_a_stream_declared_anew(admin: Client, server: Nats) -> None:
    reader = await connect(server.url, "reader", "r", inbox_prefix="_INBOX_reader")
    seen: asyncio.Queue[bytes] = asyncio.Queue()

    async def follow() -> None:
        async for message in read(reader, "activity", follow=True):
            seen.put_nowait(message.data)

    following = asyncio.create_task(follow())
    try:
        for _ in range(2):
            await tell(admin, SATISFACTION, times=3)
            for _ in range(3):
                await asyncio.wait_for(seen.get(), 20)
            await admin.jetstream().delete_stream("ACTIVITY")
            await asyncio.sleep(1)
            await apply(admin.jetstream(), ["activity"], [])
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await reader.close()


async def test_a_stream_that_nobody_answers_for_is_an_outage_and_no_end(admin: Client, server: Nats) -> None:
    await admin.jetstream().delete_stream("ACTIVITY")
    client = await connect(server.url, "reader", "r", inbox_prefix="_INBOX_reader")
    try:
        assert [each async for each in read(client, "activity")] == [], "there is none"
        # Without direct get nobody hears the question, as in a cluster whose replicas are all away.
        await admin.jetstream().add_stream(name="ACTIVITY", subjects=["kinerja.*.activity.>"], allow_direct=False)
        await tell(admin, SATISFACTION)
        with pytest.raises(NoRespondersError):
            [each async for each in read(client, "activity")]
    finally:
        await client.close()
    away = await shown(server)
    assert (away.exit_code, "does not answer" in away.stderr) == (4, True)


async def test_a_reader_who_has_seen_enough_ends_it_in_silence(admin: Client, server: Nats) -> None:
    await tell(admin, SATISFACTION, times=1000)
    command = [sys.executable, "-m", "cli.main", "events", "--json"]

    def first_line() -> tuple[bytes, bytes]:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | login(server)
        ) as process:
            assert process.stdout
            assert process.stderr
            line = process.stdout.readline()
            process.stdout.close()
            return line, process.stderr.read()

    line, complaint = await asyncio.to_thread(first_line)
    assert orjson.loads(line)["instansi"] == "medan"
    assert complaint == b""
