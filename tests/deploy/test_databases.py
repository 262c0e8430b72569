"""The fixtures every other test leans on."""

import asyncpg
import pytest

from deploy.embedded.postgres import Postgres
from deploy.provision import provision
from shared.testing.infrastructure import Databases


async def test_a_bare_database_lets_its_three_roles_in_and_only_the_owner_may_create(
    databases: Databases,
) -> None:
    database = databases(None)
    for role in ("owner", "api", "worker"):
        connection = await asyncpg.connect(database.url(role, "postgresql"))
        may_create = await connection.fetchval("SELECT has_schema_privilege('public', 'CREATE')")
        row = await connection.fetchrow("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        await connection.close()
        assert (may_create, row["rolsuper"], row["rolbypassrls"]) == (role == "owner", False, False)


async def test_another_services_role_may_not_enter(databases: Databases, postgres: Postgres) -> None:
    mine, theirs = databases(None), databases(None)
    admin = await asyncpg.connect(postgres.url())
    await admin.execute("DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    await admin.close()
    assert mine.name != theirs.name
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(f"postgresql://stranger:stranger@127.0.0.1:{postgres.port}/{mine.name}")


async def test_a_wrong_password_is_refused(databases: Databases, postgres: Postgres) -> None:
    name = databases(None).name
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://bare_owner:wrong@127.0.0.1:{postgres.port}/{name}")


async def test_a_database_made_from_a_template_has_its_tables(databases: Databases, postgres: Postgres) -> None:
    template = databases(None)
    connection = await asyncpg.connect(template.url("owner", "postgresql"))
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    await connection.close()
    copy = databases(None)
    clone = type(copy)(copy.service, f"{copy.name}_clone", copy.host, copy.port, copy.passwords)
    await provision(postgres.url(), clone, template.name)
    await provision(postgres.url(), clone, template.name)
    connection = await asyncpg.connect(clone.url("owner", "postgresql"))
    assert await connection.fetchval("SELECT n FROM kept") == 7
    await connection.close()
