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

from deploy.embedded.nats import Nats
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import StartError, living_in, wait_until
from deploy.nats.access import access

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


async def test_streams_of_a_time_before_there_were_accounts_stay(tmp_path: Path) -> None:
    before = Nats(tmp_path / "nats", tmp_path / "nats.log")
    before.start()
    client = await nats.connect(before.url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept.>"])
    await client.jetstream().publish("kept.one", b"1")
    await client.close()
    before.stop()
    now = Nats(tmp_path / "nats", tmp_path / "nats.log", rights=lambda: access({}, {}, lambda user: user))
    now.start()
    client = await nats.connect(now.url, user="admin", password="admin")
    assert (await client.jetstream().stream_info("KEPT")).state.messages == 1
    await client.close()
    now.stop()


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
