"""Give each service its database and its three roles. Safe to run again: it only adds what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

ROLES = ("owner", "api", "worker")


@dataclass(frozen=True)
class Database:
    """One service's database on the server `host`:`port`, and the password of each of its roles."""

    service: str
    name: str
    host: str
    port: int
    passwords: Mapping[str, str]

    def url(self, role: str, driver: str = "postgresql+asyncpg") -> str:
        """The address for `owner`, `api` or `worker`; `driver="postgresql"` for plain asyncpg."""
        return f"{driver}://{self.service}_{role}:{self.passwords[role]}@{self.host}:{self.port}/{self.name}"


async def provision(admin_url: str, database: Database, template: str | None = None) -> None:
    """Create roles and database as the superuser of `admin_url`; set the passwords of roles that are there.

    `template` is a database to copy (nobody may be connected to it).
    """
    admin = await asyncpg.connect(admin_url)
    try:
        for role in ROLES:
            await _ensure_role(admin, f"{database.service}_{role}", database.passwords[role])
        if not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", database.name):
            await _run(
                admin,
                "CREATE DATABASE %I OWNER %I TEMPLATE %I",
                *(database.name, f"{database.service}_owner", template or "template1"),
            )
        for name in (database.name, "postgres", "template1"):
            await _run(admin, "REVOKE ALL ON DATABASE %I FROM PUBLIC", name)
        for role in ("api", "worker"):
            await _run(admin, "GRANT CONNECT ON DATABASE %I TO %I", database.name, f"{database.service}_{role}")
    finally:
        await admin.close()


async def drop(admin_url: str, name: str) -> None:
    """Drop a database and whoever is connected to it."""
    admin = await asyncpg.connect(admin_url)
    try:
        await _run(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", name)
    finally:
        await admin.close()


async def exchange(admin_url: str, name: str, fresh: str, old: str) -> None:
    """Call the database `fresh` `name` from now on, and what had that name `old`: both or neither, whenever we are killed.

    Whoever is connected to them is thrown out. A database that is called `old` already is dropped when `name` is there.
    """
    admin: Any = await asyncpg.connect(admin_url)
    try:
        there = await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name)
        if there:
            await _run(admin, "DROP DATABASE IF EXISTS %I WITH (FORCE)", old)
        for left in reversed(range(_ATTEMPTS)):
            try:
                async with admin.transaction():
                    await admin.execute(_THROW_OUT, [name, fresh])
                    if there:
                        await _run(admin, "ALTER DATABASE %I RENAME TO %I", name, old)
                    await _run(admin, "ALTER DATABASE %I RENAME TO %I", fresh, name)
                return
            except asyncpg.ObjectInUseError:  # somebody came in between
                if not left:
                    raise
    finally:
        await admin.close()


_ATTEMPTS = 10
_THROW_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY($1::text[])"


async def _ensure_role(admin: "asyncpg.Connection[Any]", role: str, password: str) -> None:
    if not await admin.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await _run(admin, "CREATE ROLE %I", role)
    await _run(
        admin,
        "ALTER ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD %L",
        *(role, password),
    )


async def _run(admin: "asyncpg.Connection[Any]", statement: str, *names: str) -> None:
    """Run DDL, which takes no parameters, with names (%I) and texts (%L) quoted by PostgreSQL itself."""
    places = ", ".join(f"${number}::text" for number in range(2, len(names) + 2))
    await admin.execute(await admin.fetchval(f"SELECT format($1, {places})", statement, *names))
