"""The record of before or the restored one is there, wherever a restore is killed; done again it ends as if it never was."""

import asyncio
import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.embedded.postgres import Postgres, give_away, run_tool
from deploy.embedded.process import StartError, living_in
from deploy.postgres import replacement
from deploy.postgres.recovery import revived, workplace
from deploy.postgres.replacement import put_back
from deploy.provision import ROLES, Database, provision
from shared.eventstore.bell import DRIVER_ERRORS
from tests.killing import killed_at_every_write

_SMALL = {"shared_buffers": "16MB", "max_connections": "20", "autovacuum": "off"}
#: How a simple query begins, which is how asyncpg sends whatever takes no parameters: all that changes something.
_STATEMENT = "Q\0"
_BACKUP, _BEFORE = [1, 2], [1, 2, 3]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("server")
    made = Postgres(folder / "data", folder / "log", fsync=False, settings=_SMALL)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def record(server: Postgres) -> Database:
    """A database with two rows, which are in the backup."""
    made = Database("kept", "kept", "127.0.0.1", server.port, {role: f"kept-{role}" for role in ROLES})

    async def make() -> None:
        await provision(server.url(), made)
        owner: Any = await asyncpg.connect(made.url("owner", "postgresql"))
        await owner.execute("CREATE TABLE fact (n int PRIMARY KEY); INSERT INTO fact VALUES (1), (2)")
        await owner.execute("GRANT SELECT ON fact TO kept_api")
        await owner.close()

    asyncio.run(make())
    return made


@pytest.fixture(scope="module")
def socket(server: Postgres, record: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A second server on a backup of the first."""
    folder = tmp_path_factory.mktemp("second")
    with workplace(folder, "drill-") as copy:
        server.copy_to(copy)
        with revived(copy, folder / "log") as made:
            yield made


def facts(database: Database, role: str = "api") -> list[int]:
    async def ask() -> list[int]:
        connection: Any = await asyncpg.connect(database.url(role, "postgresql"))
        found = [row[0] for row in await connection.fetch("SELECT n FROM fact ORDER BY n")]
        await connection.close()
        return found

    return asyncio.run(ask())


def go_on(database: Database) -> None:
    """What was recorded after the backup."""

    async def work() -> None:
        owner: Any = await asyncpg.connect(database.url("owner", "postgresql"))
        await owner.execute("INSERT INTO fact VALUES (3) ON CONFLICT DO NOTHING")
        await owner.close()

    asyncio.run(work())


def databases(server: Postgres) -> set[str]:
    async def ask() -> set[str]:
        admin: Any = await asyncpg.connect(server.url())
        found = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database WHERE NOT datistemplate")}
        await admin.close()
        return found

    return asyncio.run(ask())


def test_killed_before_any_statement_it_leaves_one_of_the_two_records_and_done_again_the_restored_one(
    server: Postgres, record: Database, socket: Path, tmp_path: Path
) -> None:
    def restore() -> None:
        put_back(socket, record, server, tmp_path / "dump", lambda owner_url: None)

    met = set()
    go_on(record)
    for _ in killed_at_every_write(restore, only=_STATEMENT):
        there = facts(record)
        met.add(tuple(there))
        restore()
        assert (facts(record), databases(server)) == (_BACKUP, {"postgres", "kept"})
        go_on(record)
    assert met == {tuple(_BACKUP), tuple(_BEFORE)}


def test_what_is_not_the_backup_or_cannot_be_made_ready_replaces_nothing(
    server: Postgres, record: Database, socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on(record)

    def refused(said: str, make_ready: Callable[[str], None] = lambda owner_url: None) -> None:
        with pytest.raises(StartError, match=said):
            put_back(socket, record, server, tmp_path / "dump", make_ready)
        assert (facts(record), databases(server)) == (_BEFORE, {"postgres", "kept"})

    def not_ready(owner_url: str) -> None:
        assert facts(replace(record, name="kept_restoring")) == _BACKUP
        raise StartError("a newer version wrote it")

    def dumped_elsewhere(_: Path, name: str, dump: Path) -> None:
        run_tool("pg_dump", "-Fc", "-d", server.url(name), "-f", dump, cwd=server.data)

    refused("newer", not_ready)
    monkeypatch.setattr(replacement, "_dumped", dumped_elsewhere)
    (tmp_path / "dump").unlink()
    give_away(tmp_path)
    refused(r"not what is in the backup, nothing was changed: public\.fact\.$")


def test_somebody_who_looks_into_the_database_is_thrown_out(
    server: Postgres, record: Database, socket: Path, tmp_path: Path
) -> None:
    async def connected() -> Any:
        return await asyncpg.connect(record.url("owner", "postgresql"))

    go_on(record)
    with asyncio.Runner() as runner:
        looks = runner.run(connected())
        put_back(socket, record, server, tmp_path / "dump", lambda owner_url: None)
        with pytest.raises(DRIVER_ERRORS):
            runner.run(looks.fetch("SELECT n FROM fact"))
    assert facts(record) == _BACKUP


def test_the_next_run_clears_away_what_a_killed_one_left_and_nothing_else(server: Postgres, tmp_path: Path) -> None:
    (tmp_path / "drill-list").touch()
    (tmp_path / "drill-link").symlink_to(server.data)
    told = tmp_path / "socket"

    def drill() -> None:
        with workplace(tmp_path, "drill-") as copy:
            server.copy_to(copy)
            with revived(copy, copy.with_name("log")) as socket:
                told.write_text(str(socket))
                os.kill(os.getpid(), signal.SIGKILL)

    child = multiprocessing.get_context("fork").Process(target=drill)
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    [left] = tmp_path.glob("drill-*/data/PG_VERSION")
    assert Path(told.read_text()).is_dir()

    with workplace(tmp_path, "drill-") as copy:
        assert not left.exists()
        assert not Path(told.read_text()).exists()
        assert list(living_in(left.parent, "postgres")) == []
        copy.mkdir()
        with workplace(tmp_path, "drill-") as other:
            assert copy.is_dir()
            assert not other.exists()
    assert sorted(path.name for path in tmp_path.glob("drill-*")) == ["drill-link", "drill-list"]
    assert server.is_ready()
