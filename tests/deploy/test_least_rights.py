"""Every right that a service's roles have in PostgreSQL, held against what they are for."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from deploy.embedded.postgres import Postgres
from deploy.services import service_names
from shared.operations.migrations import upgrade
from shared.testing.infrastructure import Databases

_READ, _ADD = {"SELECT"}, {"SELECT", "INSERT"}
_CHANGE, _ALL = _ADD | {"UPDATE"}, _ADD | {"UPDATE", "DELETE"}
#: What every service has, by hand: (api, worker). Facts are never changed, and nothing is ever truncated.
_FOUNDATION: dict[str, tuple[set[str], set[str]]] = {
    "events": (_ADD, _ADD),
    "outbox": (_ADD, _ALL),
    "published": (_CHANGE, _CHANGE),
    "texts": (_ALL, _ALL),
    "text_salts": (_ALL, _ALL),
    "idempotency": (_CHANGE, _ALL),
    "epoch": (_READ, _READ),
    "inbox": (set(), _ALL),
    "tries": (set(), _ALL),
    "dead_letters": (set(), _ALL),
    "relay_state": (set(), _ALL),
    "renewed": (set(), _CHANGE),
    "dead_letter_actions": (set(), _ADD | {"DELETE"}),
    "alembic_version": (set(), set()),
}
#: Functions of the owner that others may call: (api, worker).
_ASKED = {"outbox_waiting", "suspended_instansi"}
#: Whoever has not said yet of which instansi they are is asked.
_PORTAL_ASKED = {"known_instansi"}
_WORKERS_ALSO = {"make_partition", "drop_inbox"}

_GRANTS = """
SELECT c.relname, c.relkind::text, c.relispartition,
       CASE c.relkind WHEN 'v' THEN c.reloptions @> '{security_invoker=true}'
                      ELSE c.relrowsecurity AND c.relforcerowsecurity END AS secured,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'instansi') AS of_instansi,
       ARRAY(SELECT g.privilege_type FROM aclexplode(c.relacl) g WHERE g.grantee = $1::regrole) AS api,
       ARRAY(SELECT g.privilege_type FROM aclexplode(c.relacl) g WHERE g.grantee = $2::regrole) AS worker,
       ARRAY(SELECT g.privilege_type FROM aclexplode(c.relacl) g
             WHERE g.grantee NOT IN ($1::regrole, $2::regrole, c.relowner)) AS others,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) AS by_column,
       pg_get_userbyid(c.relowner) AS owner
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""
_CALLS = """
SELECT p.proname, p.prosecdef, p.proconfig IS NOT NULL AS fixed_path, has_function_privilege($1, p.oid, 'EXECUTE') AS api,
       has_function_privilege($2, p.oid, 'EXECUTE') AS worker
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
"""


class Rights:
    """What the catalogue of one service's database says."""

    def __init__(self, service: str, name: str, conn: Any) -> None:
        self.service, self.name, self.conn = service, name, conn
        self.api, self.worker = f"{service}_api", f"{service}_worker"

    async def tables(self) -> list[Any]:
        """Relations and the rights in them."""
        return list(await self.conn.fetch(_GRANTS, self.api, self.worker))


@pytest.fixture(params=service_names())
async def rights(request: pytest.FixtureRequest, databases: Databases, postgres: Postgres) -> AsyncIterator[Rights]:
    made = databases(request.param)
    conn = await asyncpg.connect(postgres.url(made.name))
    yield Rights(request.param, made.name, conn)
    await conn.close()


async def test_api_and_worker_have_these_rights_in_tables_and_no_others(rights: Rights) -> None:
    tables = {each["relname"]: each for each in await rights.tables()}
    for name, (api, worker) in _FOUNDATION.items():
        assert (set(tables[name]["api"]), set(tables[name]["worker"])) == (api, worker), name
    for name, each in tables.items():
        assert each["owner"] == f"{rights.service}_owner", name
        assert (each["others"], each["by_column"]) == ([], False), name
        assert set(each["api"]) | set(each["worker"]) <= _ALL, name
        if each["relispartition"] or each["relkind"] == "S":
            assert (each["api"], each["worker"]) == ([], []), f"{name} would get round the rules of the whole"


async def test_whatever_the_api_may_touch_shows_it_one_instansi_only(rights: Rights) -> None:
    everybodys = {"epoch"}
    for each in await rights.tables():
        if each["api"] and each["relname"] not in everybodys:
            assert each["of_instansi"], each["relname"]
            assert each["secured"], each["relname"]
    policies = await rights.conn.fetch(
        "SELECT tablename, qual, with_check FROM pg_policies WHERE $1 = ANY (roles) OR 'public' = ANY (roles)",
        rights.api,
    )
    assert policies
    own = "(instansi = current_setting('kinerja.instansi'::text, true))"
    assert {(each["qual"], each["with_check"]) for each in policies} == {(own, own)}


async def test_no_role_may_make_anything_or_be_anybody_else(rights: Rights) -> None:
    for role in (rights.api, rights.worker, f"{rights.service}_owner"):
        attributes = await rights.conn.fetchrow(
            "SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles"
            " WHERE rolname = $1",
            role,
        )
        assert tuple(attributes) == (False, True, False, False, False, False)
        memberships = "SELECT count(*) FROM pg_auth_members WHERE $1::regrole IN (member, roleid)"
        assert await rights.conn.fetchval(memberships, role) == 0
    for role in (rights.api, rights.worker):
        for privilege in ("CREATE", "TEMPORARY"):
            assert not await rights.conn.fetchval(
                "SELECT has_database_privilege($1, $2, $3)", role, rights.name, privilege
            )
        assert not await rights.conn.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", role)


async def test_each_role_enters_the_databases_of_its_own_service_only(rights: Rights) -> None:
    asked = "SELECT datname FROM pg_database WHERE datallowconn AND has_database_privilege($1, datname, 'CONNECT')"
    for role in (rights.api, rights.worker, f"{rights.service}_owner"):
        entered = {row[0] for row in await rights.conn.fetch(asked, role)}
        assert rights.name in entered
        assert all(re.fullmatch(rf"{rights.service}_\d+(_\w+)?", name) for name in entered), entered


async def test_few_functions_of_the_owner_may_be_called(rights: Rights) -> None:
    called: tuple[set[str], set[str]] = (set(), set())
    for each in await rights.conn.fetch(_CALLS, rights.api, rights.worker):
        assert each["fixed_path"] or not each["prosecdef"], each["proname"]
        for place, role in enumerate(("api", "worker")):
            if each[role]:
                called[place].add(each["proname"])
    asked = _ASKED | (_PORTAL_ASKED if rights.service == "portal" else set())
    assert called == (asked, asked | _WORKERS_ALSO)


async def test_a_migration_closes_a_database_that_somebody_else_made_to_all_but_its_roles(
    databases: Databases, postgres: Postgres
) -> None:
    made = databases("training")
    admin = await asyncpg.connect(postgres.url(made.name))
    await admin.execute(
        f"GRANT ALL ON DATABASE {made.name} TO PUBLIC; REVOKE ALL ON DATABASE {made.name} FROM training_api"
    )
    await asyncio.to_thread(upgrade, "training", made.url("owner"))
    [given] = await admin.fetch("SELECT datacl::text[] AS acl FROM pg_database WHERE datname = $1", made.name)
    await admin.close()
    assert sorted(given["acl"]) == [
        "training_api=c/training_owner",
        "training_owner=CTc/training_owner",
        "training_worker=c/training_owner",
    ]
