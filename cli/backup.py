"""`kinerja backup` and `restore`: a copy of all databases, and one of them put back."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import click

from cli.hold import is_stopped
from cli.system import Refused, data_option, find
from deploy.embedded.data import Data
from deploy.embedded.ports import Ports
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import StartError
from deploy.postgres.recovery import revived, workplace
from deploy.postgres.replacement import put_back
from deploy.services import service_names
from shared.operations.migrations import DatabaseNewer, upgrade

folder_option = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Revived:
    """A server on a copy: its socket, the seconds that copying took, and the path of a file to be made beside the copy."""

    socket: Path
    copied: float
    dump: Path


@dataclass(frozen=True)
class Source:
    """Where the databases are recovered from, and to which moment."""

    backup: Path | None
    archive: Path | None
    until: datetime | None
    scratch: Path | None

    @contextmanager
    def revived(self, data: Data) -> Iterator[Revived]:
        """A second server on a copy, until the end of the block."""
        with workplace(self.scratch or Path(gettempdir()), "kinerja-drill-") as copy:
            began = time.monotonic()
            if self.backup is None:
                _embedded(data).copy_to(copy)
            else:
                shutil.copytree(self.backup, copy)
            copied = time.monotonic() - began
            log = copy.with_name("log")
            try:
                with revived(copy, log, archive=self.archive, until=self.until) as socket:
                    yield Revived(socket, copied, copy.with_name("database.dump"))
            except StartError as error:
                said = str(error).replace(f"; see {log}", "")  # which is gone by then
                raise Refused(f"The backup could not be recovered: {said}") from error


def sourced(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that make a Source."""

    @wraps(command)
    def with_source(
        *arguments: Any,
        archive: Path | None,
        until: datetime | None,
        scratch: Path | None,
        backup: Path | None,
        **more: Any,
    ) -> None:
        if until is not None and archive is None:
            raise click.UsageError("--until needs --archive: a base backup alone knows one moment only.")
        moment = until.replace(tzinfo=UTC) if until else None
        command(*arguments, source=Source(backup, archive, moment, scratch), **more)

    for option in (
        click.option(
            "--scratch", type=folder_option, help="Where the copy is made.", show_default="temporary directory"
        ),
        click.option("--until", type=click.DateTime(), help="To this time (UTC); needs --archive.", show_default="end"),
        click.option("--archive", type=folder_option, help="Archived log files (WAL) that follow the backup."),
    ):
        with_source = option(with_source)
    return with_source


@click.command()
@data_option
@click.argument("folder", type=click.Path(path_type=Path))
def backup(data: Data, folder: Path) -> None:
    """Copy all databases of the embedded system, which goes on, into FOLDER, a new one: a base backup.

    FOLDER appears when the copy is whole.

    Keep it apart from this machine, with the keys and passwords of the data directory. It holds personal data.

    Example: kinerja backup /backups/2026-11-22
    """
    if folder.exists():
        raise Refused(f"{folder} is there already; name a new folder.")
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with workplace(folder.parent, "kinerja-backup-") as copy:
        _embedded(data).copy_to(copy)
        copy.rename(folder)
    click.echo(f"{folder}: complete; look what it is worth with `kinerja drill --backup {folder}`")


@click.command()
@data_option
@click.argument("service", type=click.Choice(service_names()))
@click.option("--backup", type=folder_option, required=True, help="A base backup as a data directory.")
@sourced
def restore(data: Data, service: str, source: Source) -> None:
    """Put the database of SERVICE back as it is in a backup; SERVICE must be stopped, the others go on.

    For the embedded system. The old database stays until the new one is there and is what the backup says: after an
    interruption run it again. Its disk needs room for both, --scratch for a copy of the whole backup.
    Afterwards run `kinerja restored SERVICE`, then `kinerja start SERVICE`.

    Example: kinerja restore activity --backup /backups/2026-11-22
    """
    server = _embedded(data)

    def make_ready(owner_url: str) -> None:
        upgrade(service, owner_url)
        data.note_restore(service, unknown=True)

    with data.kept_held(service):
        if not is_stopped(data, service):
            raise Refused(f"{service} is still ending; wait for `kinerja stop {service}`.")
        with source.revived(data) as second:
            try:
                put_back(second.socket, data.database(service, server.port), server, second.dump, make_ready)
            except (StartError, DatabaseNewer) as error:
                raise Refused(f"{service} was not put back and is as it was: {error}") from error
    click.echo(f"{service}: put back; now run `kinerja restored {service} >> lost.jsonl`")


def _embedded(data: Data) -> Postgres:
    ports = Ports(int(find(data).url.rsplit(":", 1)[1]), [])
    return Postgres(data.root / "postgres", data.logs / "postgres.log", port=ports.postgres)
