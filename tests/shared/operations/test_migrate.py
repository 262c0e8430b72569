"""Migrations beside a service at work: they wait shortly and often, do all or nothing, and leave a newer database alone."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.provision import Database
from shared.operations import migrations
from shared.operations.migrations import DatabaseNewer, MigrationBlocked, upgrade
from shared.testing.infrastructure import Databases

_NEXT = """
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("ALTER TABLE survey_answer ADD COLUMN added integer")
    op.execute("ALTER TABLE entry ADD COLUMN added integer")
"""


@pytest.fixture
def made(databases: Databases) -> Database:
    """The database of the activity service as it is."""
    return databases("activity")


@pytest.fixture
def next_version(made: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """From now on the activity service has one migration more, which two tables are needed for."""
    source = migrations.ROOT / "services" / "activity" / "migrations"
    copy = tmp_path / "services" / "activity" / "migrations"
    shutil.copytree(source, copy)
    last = max(path.name for path in (copy / "versions").glob("0*.py"))[:4]
    (copy / "versions" / "9999_next.py").write_text(_NEXT.format(before=last))
    monkeypatch.setattr(migrations, "ROOT", tmp_path)
    return tmp_path


async def _columns(conn: "asyncpg.Connection[Any]") -> int:
    return int(await conn.fetchval("SELECT count(*) FROM information_schema.columns WHERE column_name = 'added'"))


async def test_a_migration_that_waits_for_a_table_lets_readers_through_and_comes_back(
    made: Database, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_PAUSE_SECONDS", 0.2)
    url = made.url("worker", "postgresql")
    holder, reader = await asyncpg.connect(url), await asyncpg.connect(url)
    held = holder.transaction()
    await held.start()
    await holder.fetch("SELECT 1 FROM entry")
    migrating = asyncio.create_task(asyncio.to_thread(upgrade, "activity", made.url("owner")))
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
    gave_up = 0
    while gave_up < 2:  # it has let go of everything twice
        while not await reader.fetchval(waits):  # noqa: ASYNC110 - another process waits there
            await asyncio.sleep(0.02)
        await reader.fetch("SELECT 1 FROM entry", timeout=30)  # waits behind it, as a service would
        assert not migrating.done()
        gave_up += 1
    await held.rollback()
    await migrating
    assert await _columns(reader) == 2
    await holder.close()
    await reader.close()


async def test_a_migration_that_never_gets_its_tables_changes_nothing_and_says_so(
    made: Database, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_ATTEMPTS", 1)
    holder = await asyncpg.connect(made.url("worker", "postgresql"))
    held = holder.transaction()
    await held.start()
    await holder.fetch("SELECT 1 FROM entry")
    with pytest.raises(MigrationBlocked, match="activity: a long transaction"):
        await asyncio.to_thread(upgrade, "activity", made.url("owner"))
    await held.rollback()
    assert await _columns(holder) == 0, "not even the first table, which was free"
    await holder.close()


async def test_an_older_version_leaves_a_newer_database_alone(
    made: Database, next_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(upgrade, "activity", made.url("owner"))
    (next_version / "services" / "activity" / "migrations" / "versions" / "9999_next.py").unlink()
    with pytest.raises(DatabaseNewer, match="9999"):
        await asyncio.to_thread(upgrade, "activity", made.url("owner"))
