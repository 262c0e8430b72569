"""Bring a base backup to life on a server of its own, at any moment that its archived log reaches."""

import asyncio
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from deploy.embedded.postgres import Postgres, give_away, run_tool
from deploy.provision import Database, drop, provision

_LONGEST_SECONDS = 24 * 3600
#: The backup's own settings name certificates, libraries and standbys that this machine does not have.
_FILES = {
    "postgresql.conf": "",
    "postgresql.auto.conf": "",
    "pg_ident.conf": "",
    "pg_hba.conf": "local all all trust\n",
}
_LEFTOVERS = ("standby.signal", "recovery.signal", "postmaster.pid", "postmaster.opts")


@contextmanager
def revived(copy: Path, log: Path, *, archive: Path | None = None, until: datetime | None = None) -> Iterator[Path]:
    """A server on the base backup `copy`, which it changes: gives the folder of its socket, and ends with the block.

    With `archive` (a folder of archived log files) it goes on to the last of them, or to the last commit before
    `until`. Nobody but us reaches it: it listens on no port, and its socket lies in a folder closed to others, so
    that every role may log in without a password. StartError when the archive ends before `until` or has a gap.
    """
    for leftover in _LEFTOVERS:
        (copy / leftover).unlink(missing_ok=True)
    for name, text in _FILES.items():
        (copy / name).write_text(text)
    (copy / "superuser-password").touch(mode=0o600)  # says that the data directory is made
    if archive is not None:
        (copy / "recovery.signal").touch()
    with TemporaryDirectory(prefix="kinerja-") as folder:
        for path in (copy, *copy.rglob("*"), Path(folder)):
            give_away(path)
        server = Postgres(copy, log, port=5432, settings=_settings(folder, archive, until))
        try:
            server.launch()
            server.wait_ready(_LONGEST_SECONDS)
            yield Path(folder)
        finally:
            server.stop()


def _settings(folder: str, archive: Path | None, until: datetime | None) -> dict[str, str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": folder,
        "archive_mode": "off",
        "hot_standby": "off",  # or it would ask for as many connections as the first server allowed
        "recovery_target_action": "promote",
    }
    if archive is not None:
        settings["restore_command"] = f"cp {shlex.quote(os.fspath(archive.resolve()))}/%f %p"
    if until is not None:
        settings["recovery_target_time"] = until.astimezone(UTC).isoformat()
    return settings


def put_back(socket: Path, database: Database, server: Postgres) -> None:
    """Replace a service's database on `server` by the one of the revived server behind `socket`; others stay as they are.

    Whoever is connected to it is thrown out. Done again, it ends the same. StartError with what went wrong.
    """
    dump = socket / "database.dump"
    dump.touch(mode=0o600)
    give_away(dump)
    run_tool("pg_dump", "-Fc", "-U", "postgres", "-h", socket, "-f", dump, database.name, cwd=socket)
    asyncio.run(_emptied(database, server))
    target = f"host=127.0.0.1 port={server.port} user=postgres dbname={database.name}"
    run_tool(
        *("pg_restore", "--exit-on-error", "--single-transaction", "-d", target, dump),
        cwd=socket,
        password=server.password,
    )


async def _emptied(database: Database, server: Postgres) -> None:
    await drop(server.url(), database.name)
    await provision(server.url(), database)
