"""The embedded servers lose nothing and leave nothing behind when a process is killed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout

from deploy.embedded.nats import Nats, admin_user, reader_user, service_user
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import StartError, living_in, wait_until

_START_AND_WAIT = """
import sys, time
from pathlib import Path
from deploy.embedded.postgres import Postgres
Postgres(Path(sys.argv[1]), Path(sys.argv[1] + ".log"), fsync=False).start()
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Postgres]:
    made = Postgres(tmp_path / "data", tmp_path / "data.log", fsync=False)
    yield made
    made.stop()


async def test_postgres_keeps_what_was_committed_when_killed(server: Postgres) -> None:
    server.start()
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    server.kill()
    server.start()
    connection = await asyncpg.connect(server.url())
    assert await connection.fetchval("SELECT n FROM kept") == 7
    assert await connection.fetchval("SHOW data_checksums") == "on"
    await connection.close()


def test_postgres_ends_with_a_killed_parent_and_starts_again(server: Postgres) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _START_AND_WAIT, server.data], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout
        assert parent.stdout.readline() == b"started\n"
        assert any(living_in(server.data, "postgres"))
        parent.kill()
    assert wait_until(lambda: not any(living_in(server.data, "postgres")), 10)
    server.start()


def test_postgres_starts_over_a_lock_file_whose_process_id_is_somebody_elses(server: Postgres) -> None:
    server.start()
    server.kill()
    lock = server.data / "postmaster.pid"
    lock.write_text("\n".join([str(os.getpid()), *lock.read_text().splitlines()[1:]]))
    server.start()


def test_postgres_starts_after_an_initdb_that_was_cut_short(server: Postgres) -> None:
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("18\n")
    server.start()


def test_a_server_that_cannot_start_says_why(server: Postgres) -> None:
    server.start()
    second = Postgres(server.data.parent / "second", server.log, port=server.port, fsync=False)
    with pytest.raises(StartError, match="Address already in use"):
        second.start()


def test_the_superusers_password_is_for_the_owner_of_the_data_only(server: Postgres) -> None:
    server.start()
    assert server.data.stat().st_mode & 0o777 == 0o700
    assert (server.data / "superuser-password").stat().st_mode & 0o777 == 0o600


async def test_streams_survive_a_killed_nats_server(nats_server: Nats) -> None:
    client = await nats.connect(nats_server.url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"1")
    await client.close()
    nats_server.kill()
    nats_server.start()
    client = await nats.connect(nats_server.url)
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 1
    await client.close()


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Nats]:
    users = [
        admin_user("a"),
        reader_user("r"),
        service_user("activity", "s1", {}),
        service_user("appraisal", "s2", {"appraisal-entries": "ACTIVITY"}),
    ]
    made = Nats(tmp_path / "nats", tmp_path / "nats.log", users=users)
    made.start()
    yield made
    made.stop()


async def _connect(server: Nats, user: str, password: str) -> Client:
    prefix = f"_INBOX_{user}" if user != "admin" else "_INBOX"
    return await nats.connect(server.url, user=user, password=password, inbox_prefix=prefix, error_cb=_ignore)


async def _ignore(_: Exception) -> None:
    """Refusals come here; the tests look at what the call itself says."""


async def test_each_service_publishes_its_own_messages_and_fetches_from_its_own_durables(
    guarded: Nats,
) -> None:
    admin = await _connect(guarded, "admin", "a")
    await admin.jetstream().add_stream(name="ACTIVITY", subjects=["kinerja.*.activity.>"])
    await admin.jetstream().add_consumer("ACTIVITY", durable_name="appraisal-entries", ack_policy="explicit")
    activity = await _connect(guarded, "activity", "s1")
    await activity.jetstream().publish("kinerja.medan.activity.entry.verified.v1", b"1", timeout=2)
    with pytest.raises(NatsTimeout):
        await activity.jetstream().publish("kinerja.medan.appraisal.rating.set.v1", b"2", timeout=0.3)
    assert (await activity.jetstream().stream_info("ACTIVITY")).state.messages == 1

    appraisal = await _connect(guarded, "appraisal", "s2")
    jetstream = appraisal.jetstream(timeout=2)
    pull = await jetstream.pull_subscribe_bind(
        "appraisal-entries", stream="ACTIVITY", inbox_prefix=b"_INBOX_appraisal."
    )
    (message,) = await pull.fetch(1, timeout=2)
    await message.ack_sync()
    with pytest.raises(NatsTimeout):
        await appraisal.jetstream(timeout=0.3).delete_consumer("ACTIVITY", "appraisal-entries")
    for client in (admin, activity, appraisal):
        await client.close()


async def test_the_reader_reads_every_message_and_changes_nothing(guarded: Nats) -> None:
    admin = await _connect(guarded, "admin", "a")
    await admin.jetstream().add_stream(name="ACTIVITY", subjects=["kinerja.*.activity.>"], allow_direct=True)
    await admin.jetstream().add_consumer("ACTIVITY", durable_name="kept", ack_policy="explicit")
    for body in (b"1", b"2"):
        await admin.jetstream().publish("kinerja.medan.activity.entry.verified.v1", body)
    reader = await _connect(guarded, "reader", "r")
    jetstream = reader.jetstream(timeout=1)
    read = [await jetstream.get_msg("ACTIVITY", n, "kinerja.*.activity.>", direct=True, next=True) for n in (1, 2)]
    assert [message.data for message in read] == [b"1", b"2"]
    assert (await jetstream.consumer_info("ACTIVITY", "kept")).num_pending == 2

    stolen = {
        "stream_name": "ACTIVITY",
        "config": {"name": "kept", "ack_policy": "explicit", "filter_subject": "kinerja.x"},
    }
    for subject, body in {
        "kinerja.medan.activity.entry.verified.v1": b"3",
        "$JS.API.CONSUMER.CREATE.ACTIVITY": json.dumps(stolen).encode(),
        "$JS.API.CONSUMER.CREATE.ACTIVITY.kept": json.dumps(stolen).encode(),
        "$JS.API.CONSUMER.MSG.NEXT.ACTIVITY.kept": b"1",
        "$JS.API.CONSUMER.DELETE.ACTIVITY.kept": b"",
        "$JS.API.STREAM.PURGE.ACTIVITY": b"",
    }.items():
        with pytest.raises(NatsTimeout):
            await reader.request(subject, body, timeout=0.3)
    kept = await admin.jetstream().consumer_info("ACTIVITY", "kept")
    assert (kept.config.filter_subject, kept.num_pending, kept.num_ack_pending) == (None, 2, 0)
    await admin.close()
    await reader.close()


def test_two_programs_are_never_given_the_same_port() -> None:
    ask = "from deploy.embedded.process import free_port; print([free_port() for _ in range(60)]); input()"
    programs = [
        subprocess.Popen([sys.executable, "-c", ask], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    given = [json.loads(program.stdout.readline()) for program in programs if program.stdout]
    for program in programs:
        program.communicate("\n")
    assert len({port for ports in given for port in ports}) == 120
