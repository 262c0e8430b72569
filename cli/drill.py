"""`kinerja backup`, `drill` and `restore`: a copy of all databases, what it would be worth, and one of them put back."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import click
from nats.aio.client import Client
from rich.console import Console
from rich.table import Table

from cli.events import read
from cli.system import FAILED, Refused, data_option, find, nats_login
from deploy.embedded.data import Data
from deploy.embedded.ports import Ports
from deploy.embedded.postgres import Postgres
from deploy.embedded.process import StartError
from deploy.nats.access import READER
from deploy.postgres.recovery import put_back, revived
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.messaging.streams import connect
from shared.operations.migrations import upgrade
from shared.operations.rebuild import prove
from shared.operations.restore import Road, look, new_epoch

_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@dataclass
class Outcome:
    """How one service's database came back."""

    events: int = 0
    newest: str | None = None
    lost: int | None = None
    """Facts on the road that the restored record does not have; None: nobody looked."""
    epoch: int = 0
    """What `kinerja restored` would raise it to."""
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Source:
    """Where the databases are recovered from, and to which moment."""

    backup: Path | None
    archive: Path | None
    until: datetime | None
    scratch: Path | None

    @contextmanager
    def revived(self, data: Data) -> Iterator[tuple[Path, float]]:
        """The socket of a second server on a copy, and the seconds that copying took."""
        with TemporaryDirectory(prefix="kinerja-drill-", dir=self.scratch) as folder:
            began = time.monotonic()
            copy, log = Path(folder) / "data", Path(folder) / "postgres.log"
            if self.backup is None:
                _embedded(data).copy_to(copy)
            else:
                shutil.copytree(self.backup, copy)
            copied = time.monotonic() - began
            try:
                with revived(copy, log, archive=self.archive, until=self.until) as socket:
                    yield socket, copied
            except StartError as error:
                raise Refused(f"The backup could not be recovered: {error}") from error


def _sourced(command: Callable[..., None]) -> Callable[..., None]:
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
        click.option("--scratch", type=_folder, help="Where the copy is made.", show_default="temporary directory"),
        click.option("--until", type=click.DateTime(), help="To this time (UTC); needs --archive.", show_default="end"),
        click.option("--archive", type=_folder, help="Archived log files (WAL) that follow the backup."),
    ):
        with_source = option(with_source)
    return with_source


@click.command()
@data_option
@click.argument("folder", type=click.Path(path_type=Path))
def backup(data: Data, folder: Path) -> None:
    """Copy all databases of the embedded system, which goes on, into FOLDER, a new one: a base backup.

    Keep it apart from this machine, with the keys and passwords of the data directory. It holds personal data.

    Example: kinerja backup /backups/2026-11-22
    """
    if folder.exists():
        raise Refused(f"{folder} is there already; name a new folder.")
    _embedded(data).copy_to(folder.absolute())
    click.echo(f"{folder}: complete; look what it is worth with `kinerja drill --backup {folder}`")


@click.command()
@data_option
@click.option("--backup", type=_folder, help="A base backup as a data directory.", show_default="one made now")
@_sourced
@click.option("--road/--no-road", default=True, show_default=True, help="Look on the road for what would be lost.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_context
def drill(context: click.Context, data: Data, source: Source, road: bool, as_json: bool) -> None:
    """Rehearse a restore: recover a backup on a second server, prove every service there, tell what would be lost.

    Nothing of the running system changes, and nothing stays. Exit code 1 when something differs from the record.

    Example: kinerja drill --backup /restore/base --archive /restore/wal --until 2026-11-20T09:30:00
    """
    began = time.monotonic()
    with source.revived(data) as (socket, copied):
        recovered = time.monotonic() - began - copied
        reached, outcomes = asyncio.run(_examine(data, socket, road))
        seconds = {"copy": copied, "recover": recovered, "prove": time.monotonic() - began - copied - recovered}
    _report(reached, {name: round(value, 1) for name, value in seconds.items()}, outcomes, as_json)
    if any(outcome.differences for outcome in outcomes.values()):
        context.exit(FAILED)


@click.command()
@data_option
@click.argument("service", type=click.Choice(service_names()))
@click.option("--backup", type=_folder, required=True, help="A base backup as a data directory.")
@_sourced
def restore(data: Data, service: str, source: Source) -> None:
    """Put the database of SERVICE back as it is in a backup; SERVICE must be stopped, the others go on.

    For the embedded system. Afterwards run `kinerja restored SERVICE`, then `kinerja start SERVICE`.

    Example: kinerja restore activity --backup /backups/2026-11-22
    """
    server = _embedded(data)
    if not data.is_held(service):
        raise Refused(f"{service} is at work; run `kinerja stop {service}` first.")
    database = data.database(service, server.port)
    with source.revived(data) as (socket, _):
        put_back(socket, database, server)
    upgrade(service, database.url("owner"))
    click.echo(f"{service}: put back; now run `kinerja restored {service} > lost.jsonl`")


def _embedded(data: Data) -> Postgres:
    ports = Ports(int(find(data).url.rsplit(":", 1)[1]), [])
    return Postgres(data.root / "postgres", data.logs / "postgres.log", port=ports.postgres)


async def _examine(data: Data, socket: Path, road: bool) -> tuple[datetime | None, dict[str, Outcome]]:
    """The time of the last commit that came back, and each service."""
    admin: Any = await asyncpg.connect(f"postgresql://postgres@/postgres?host={socket}")
    try:
        reached = await admin.fetchval("SELECT pg_last_xact_replay_timestamp()")
        there = {row[0] for row in await admin.fetch("SELECT datname FROM pg_database")}
    finally:
        await admin.close()
    outcomes = {}
    async with _reader(data, road) as reader:
        for name in service_names():
            known = name in there
            outcomes[name] = await _service(name, socket, reader) if known else Outcome(differences=["no database"])
    return reached, outcomes


@asynccontextmanager
async def _reader(data: Data, road: bool) -> AsyncIterator[Client | None]:
    if not road:
        yield None
        return
    reader = await connect(*nats_login(data, READER), inbox_prefix=f"_INBOX_{READER}")
    try:
        yield reader
    finally:
        await reader.close()


async def _service(name: str, socket: Path, reader: Client | None) -> Outcome:
    service, outcome = load(name), Outcome()
    db = Database(f"postgresql+asyncpg://{name}_worker@/{name}?host={socket}")
    try:
        async with db.transaction() as conn:
            [[outcome.events, newest]] = await fetch(conn, "SELECT count(*), max(recorded_at) FROM events")
        outcome.newest = newest.isoformat() if newest else None
        found = await prove(db, service.slices, None, patience=0)
        for check in service.proofs:
            found += await check(db, None)
        # What waited in the outbox when the copy was made leaves from the first server.
        outcome.differences = [f"{each.where}: {each.what}" for each in found if each.where != "outbox"]
        told = Road() if reader is None else await look(db, _bodies(reader, name))
        outcome.lost = None if reader is None else len(told.lost)
    finally:
        await db.close()
    outcome.epoch = await new_epoch(f"postgresql+asyncpg://{name}_owner@/{name}?host={socket}", told)
    return outcome


async def _bodies(reader: Client, service: str) -> AsyncIterator[bytes]:
    async for message in read(reader, service):
        yield message.data


def _report(
    reached: datetime | None, seconds: Mapping[str, float], outcomes: Mapping[str, Outcome], as_json: bool
) -> None:
    last = reached.astimezone(UTC).isoformat() if reached else None
    if as_json:
        services = {name: asdict(outcome) for name, outcome in outcomes.items()}
        click.echo(json.dumps({"reached": last, "seconds": seconds, "services": services}))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("service", "events", "newest", "lost", "next epoch", "differences"):
        table.add_column(title, justify="left" if title in ("service", "newest") else "right")
    for name, each in outcomes.items():
        lost = "not looked" if each.lost is None else str(each.lost)
        table.add_row(name, str(each.events), each.newest or "", lost, str(each.epoch), str(len(each.differences)))
    Console().print(table)
    click.echo(f"Last commit: {last}. Seconds: " + ", ".join(f"{what} {value}" for what, value in seconds.items()))
    for name, each in outcomes.items():
        for difference in each.differences[:20]:
            click.echo(f"{name}: {difference}")
