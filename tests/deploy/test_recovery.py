"""A copy of a running server comes back at any moment that its log reaches, and a standby has what was answered."""

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded.postgres import Postgres, give_away
from deploy.embedded.process import StartError, living_in
from deploy.postgres.recovery import revived
from shared.eventstore.bell import DRIVER_ERRORS
from shared.testing.waiting import until

_FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "postgres"
_MEMORY = {"shared_buffers": "32MB", "max_connections": "40"}
_ON_DISK = {"fsync": "off"}  # a test's processes die, its machine does not


def settings(name: str) -> dict[str, str]:
    """What a file of settings says."""
    lines = [line for line in (_FOLDER / name).read_text().splitlines() if line and not line.startswith("#")]
    return {key.strip(): value.strip().strip("'") for key, value in (line.split("=", 1) for line in lines)}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture
def primary(folder: Path) -> Iterator[Postgres]:
    """A server of its own with the recommended settings, archiving to `folder`/archive."""
    archive = folder / "archive"
    archive.mkdir(mode=0o700)
    give_away(archive)
    said = settings("postgresql.conf") | settings("archive.conf") | _MEMORY | _ON_DISK
    said["archive_command"] = said["archive_command"].replace("/archive/", f"{archive}/")
    server = Postgres(folder / "primary", folder / "primary.log", settings=said)
    server.start()
    yield server
    server.stop()


async def test_with_the_recommended_settings_neither_parameters_nor_details_of_errors_reach_the_log(
    primary: Postgres,
) -> None:
    connection = await asyncpg.connect(primary.url())
    assert await connection.fetchval("SHOW checkpoint_timeout") == "15min"
    assert await connection.fetchval("SHOW synchronous_commit") == "on"
    await connection.execute("CREATE TABLE person (nip text PRIMARY KEY); SET log_min_duration_statement = 0")
    await connection.execute("INSERT INTO person VALUES ($1)", "197801152003121001")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO person VALUES ($1)", "197801152003121001")
    await connection.close()
    log = primary.log.read_text()
    assert "INSERT INTO person" in log
    assert "197801152003121001" not in log


async def _write(connection: Any, *values: int) -> datetime:
    """One commit for each value; returns a moment after the last of them."""
    for value in values:
        await connection.execute("INSERT INTO kept VALUES ($1)", value)
    await asyncio.sleep(0.01)
    moment = await connection.fetchval("SELECT clock_timestamp()")
    await asyncio.sleep(0.01)
    assert isinstance(moment, datetime)
    return moment


async def _archived(server: Postgres, connection: Any) -> None:
    """Until everything written so far lies in the archive."""
    last = await connection.fetchval("SELECT pg_walfile_name(pg_switch_wal())")

    async def done() -> bool:
        return bool(await connection.fetchval("SELECT last_archived_wal >= $1 FROM pg_stat_archiver", last))

    await until(done, 60)


async def _kept(socket: Path) -> list[int]:
    connection = await asyncpg.connect(f"postgresql://postgres@/postgres?host={socket}")
    found = [row[0] for row in await connection.fetch("SELECT n FROM kept ORDER BY n")]
    assert await connection.fetchval("SELECT pg_is_in_recovery()") is False
    await connection.close()
    return found


async def test_a_backup_comes_back_at_its_own_end_at_a_moment_and_at_the_end_of_the_archive(
    primary: Postgres, folder: Path
) -> None:
    connection = await asyncpg.connect(primary.url())
    await connection.execute("CREATE TABLE kept (n int)")
    await _write(connection, 1, 2)
    for name in ("alone", "moment", "end", "late"):
        primary.copy_to(folder / name) if name == "alone" else shutil.copytree(folder / "alone", folder / name)
    moment = await _write(connection, 3, 4)
    after = await _write(connection, 5)
    await _archived(primary, connection)
    await connection.close()
    primary.kill()

    log, archive = folder / "second.log", folder / "archive"
    with revived(folder / "alone", log) as socket:
        assert await _kept(socket) == [1, 2]
    with revived(folder / "moment", log, archive=archive, until=moment) as socket:
        assert await _kept(socket) == [1, 2, 3, 4]
    with revived(folder / "end", log, archive=archive) as socket:
        assert await _kept(socket) == [1, 2, 3, 4, 5]
    with (
        pytest.raises(StartError, match="recovery ended before configured recovery target was reached"),
        revived(folder / "late", log, archive=archive, until=after),
    ):
        pass


async def test_what_was_answered_is_on_the_standby_when_the_primary_dies_under_load(
    primary: Postgres, folder: Path
) -> None:
    admin = await asyncpg.connect(primary.url())
    await admin.execute("CREATE TABLE kept (n int)")
    primary.copy_to(folder / "standby", follower="standby_a")
    standby = Postgres(folder / "standby", folder / "standby.log", settings=_MEMORY | _ON_DISK)
    standby.launch()
    try:
        await _follows(admin)
        await admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (standby_a, standby_b)'")
        await admin.execute("SELECT pg_reload_conf()")

        async def counts() -> bool:
            return bool(await admin.fetchval("SELECT sync_state = 'quorum' FROM pg_stat_replication"))

        await until(counts, 60)
        await _nothing_is_answered_while_it_stands_still(primary, admin, standby)

        answered: list[int] = []
        writers = [asyncio.create_task(_write_on(primary, number, answered)) for number in range(4)]

        async def enough() -> bool:
            return len(answered) > 200

        await until(enough, 60)
        primary.kill()
        await asyncio.gather(*writers)

        connection = await asyncpg.connect(_address(primary, standby))
        assert await connection.fetchval("SELECT pg_promote(wait_seconds => 60)")
        there = {row[0] for row in await connection.fetch("SELECT n FROM kept")}
        assert set(answered) <= there
        await connection.execute("INSERT INTO kept VALUES (-2)")  # it is a primary now
        await connection.close()
    finally:
        standby.stop()


def _address(primary: Postgres, standby: Postgres) -> str:
    return f"postgresql://postgres:{primary.password}@127.0.0.1:{standby.port}/postgres"


async def _follows(admin: Any) -> None:
    async def streaming() -> bool:
        return bool(await admin.fetchval("SELECT state = 'streaming' FROM pg_stat_replication"))

    await until(streaming, 60)


async def _nothing_is_answered_while_it_stands_still(primary: Postgres, admin: Any, standby: Postgres) -> None:
    """The settings do what they are for: a commit waits for a standby that does not answer."""
    frozen = list(living_in(standby.data, "postgres"))
    writer = await asyncpg.connect(primary.url())
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    waits = asyncio.create_task(writer.execute("INSERT INTO kept VALUES (-1)"))

    async def waiting() -> bool:
        return bool(await admin.fetchval("SELECT true FROM pg_stat_activity WHERE wait_event = 'SyncRep'"))

    try:
        await until(waiting, 60)
        assert not waits.done()
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    await waits
    await writer.close()


async def _write_on(server: Postgres, number: int, answered: list[int]) -> None:
    """Commit row after row until the server is gone."""
    connection = await asyncpg.connect(server.url())
    try:
        for count in range(1_000_000):
            value = number * 1_000_000 + count
            await connection.execute("INSERT INTO kept VALUES ($1)", value)
            answered.append(value)
    except DRIVER_ERRORS:
        connection.terminate()
