"""Put another record in the place of a service's database, so that one of the two is there whenever we are killed."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg

from deploy.embedded.postgres import Postgres, give_away, run_tool
from deploy.embedded.process import StartError
from deploy.provision import Database, drop, exchange, provision

_RELATIONS = """
SELECT format('%I.%I', nspname, relname), relkind = 'r' FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
"""


def put_back(socket: Path, database: Database, server: Postgres, dump: Path, migrate: Callable[[str], None]) -> None:
    """Replace a service's database on `server` by the one of the revived server behind `socket`; others stay as they are.

    It goes in beside the old one, as <name>_restoring; there it is compared with the backup and brought to this version by
    `migrate`, which is given its owner's address. Only then do they change places, both at once, and the old one, by then
    <name>_replaced, is dropped. Before that nothing is changed. Killed and done again it ends the same. `dump` is a file on
    a disk with room for it. StartError with what went wrong.
    """
    fresh = replace(database, name=f"{database.name}_restoring")
    old = f"{database.name}_replaced"
    _dumped(socket, database.name, dump)
    try:
        asyncio.run(_emptied(fresh, server))
        _loaded(dump, fresh.name, server)
        asyncio.run(_compared(socket, database.name, server.url(fresh.name)))
        migrate(fresh.url("owner"))
        asyncio.run(exchange(server.url(), database.name, fresh.name, old))
    finally:
        asyncio.run(drop(server.url(), fresh.name))
    asyncio.run(drop(server.url(), old))


def _dumped(socket: Path, name: str, dump: Path) -> None:
    dump.touch(mode=0o600)
    give_away(dump)
    run_tool("pg_dump", "-Fc", "-U", "postgres", "-h", socket, "-f", dump, name, cwd=socket)


async def _emptied(database: Database, server: Postgres) -> None:
    await drop(server.url(), database.name)
    await provision(server.url(), database)


def _loaded(dump: Path, name: str, server: Postgres) -> None:
    target = f"host=127.0.0.1 port={server.port} user=postgres dbname={name}"
    run_tool(
        *("pg_restore", "--exit-on-error", "--single-transaction", "-d", target, dump),
        cwd=server.data,
        password=server.password,
    )


async def _compared(socket: Path, name: str, fresh: str) -> None:
    """StartError when what went in is not what is in the backup: every table with as many rows, every index."""
    meant = await _content(f"postgresql://postgres@/{name}?host={socket}")
    found = await _content(fresh)
    if differing := sorted(each for each in meant.keys() | found.keys() if meant.get(each) != found.get(each)):
        raise StartError(f"What went in is not what is in the backup, nothing was changed: {', '.join(differing)}.")


async def _content(url: str) -> dict[str, int]:
    """The rows of every table, and 0 for whatever else stands in a database."""
    connection: Any = await asyncpg.connect(url)
    try:
        relations = await connection.fetch(_RELATIONS)
        return {
            name: await connection.fetchval(f"SELECT count(*) FROM {name}") if is_table else 0
            for name, is_table in relations
        }
    finally:
        await connection.close()
