"""`kinerja republish`, `rebuild` and `prove`: the record against everything made from it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

import click
from nats.js.errors import NotFoundError
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.steps import declare
from cli.system import FAILED, chosen, data_option, database_url, nats_login
from deploy.embedded.data import Data
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.eventstore.registry import UnknownEvent
from shared.eventstore.rows import fetch
from shared.messaging.publisher import Publisher
from shared.messaging.streams import connect
from shared.operations.rebuild import Difference
from shared.operations.rebuild import prove as prove_record
from shared.operations.rebuild import rebuild as rebuild_rows
from shared.operations.republish import Republisher
from shared.runtime import Service

_service = click.option("--service", type=click.Choice(service_names()), help="Only this service.", show_default="all")
_instansi = click.option("--instansi", help="Only this agency.", show_default="all")


@click.command()
@data_option
@_service
@_instansi
@click.option("--since", type=click.DateTime(), help="Only what was recorded from this time (UTC) on.")
@click.option("--per-second", default=5_000, show_default=True, help="At most this many messages a second.")
def republish(data: Data, service: str | None, instansi: str | None, since: datetime | None, per_second: int) -> None:
    """Send every public message again, made from the record; consumers drop what they know.

    Declares missing streams and durables first.

    Example: kinerja republish --service directory --since 2026-11-01
    """
    since = since.replace(tzinfo=UTC) if since else None
    run = f"{datetime.now(UTC):%Y%m%d%H%M%S}"

    async def work(each: Service, db: Database, tell: Callable[[int], object]) -> str:
        url, user, password = nats_login(data, each.name)
        client = await connect(url, user, password, inbox_prefix=f"_INBOX_{each.name}")
        try:
            publisher = Publisher(client)
            sender = Republisher(db, each.slices, publisher, run, per_second=per_second, progress=tell)
            return f"{await sender.send(since, instansi)} messages sent"
        finally:
            await client.close()

    asyncio.run(declare(nats_login(data), service_names()))
    asyncio.run(_each(data, service, work))


@click.command()
@data_option
@_service
@_instansi
@click.pass_context
def rebuild(context: click.Context, data: Data, service: str | None, instansi: str | None) -> None:
    """Write the read models of slices anew, in place, beside live writes, and remove orphans.

    Exit code 1 when streams were left alone because a newer version of the service wrote to them.

    Example: kinerja rebuild --service activity
    """

    async def work(each: Service, db: Database, tell: Callable[[int], object]) -> str:
        written = orphans = 0
        for slice_ in each.slices:
            try:
                rows, gone = await rebuild_rows(db, slice_, instansi)
            except UnknownEvent as error:
                newer.append(str(error))
                continue
            written, orphans = written + rows, orphans + gone
            tell(rows)
        return f"{written} rows written, {orphans} orphans removed"

    newer: list[str] = []
    asyncio.run(_each(data, service, work))
    if newer:
        click.echo("\n".join(newer))
        context.exit(FAILED)


@click.command()
@data_option
@_service
@_instansi
@click.pass_context
def prove(context: click.Context, data: Data, service: str | None, instansi: str | None) -> None:
    """Prove: versions without gaps, every event foldable and fit for the road, the road not behind, outbox drained, read
    models equal to a rebuild, numbers equal to a recomputation.

    Changes nothing, and may run beside people at work. Exit code 1 when something differs.

    Example: kinerja prove --instansi kantor-izin
    """
    found: list[tuple[str, Difference]] = []

    async def work(each: Service, db: Database, tell: Callable[[int], object]) -> str:
        differences = await prove_record(db, each.slices, instansi)
        differences += await _road(data, each.name, db)
        for check in each.proofs:
            if first := await check(db, instansi):  # beside live writes the same must be found twice
                differences += [again for again in await check(db, instansi) if again in first]
        found.extend((each.name, difference) for difference in differences)
        return "as the record says" if not differences else f"{len(differences)} differences"

    asyncio.run(_each(data, service, work))
    for name, difference in found[:50]:
        click.echo(f"{name}: {difference.where}: {difference.what}")
    if found:
        click.echo(f"{len(found)} differences in all.")
        context.exit(FAILED)


async def _road(data: Data, name: str, db: Database) -> list[Difference]:
    """Whether the stream of a service is there, and holds what it acknowledged last."""
    url, user, password = nats_login(data, name)
    client = await connect(url, user, password, inbox_prefix=f"_INBOX_{name}")
    try:
        async with db.transaction() as conn:
            seen = await fetch(conn, "SELECT created, last_seq FROM relay_state WHERE stream = $1", name.upper())
        info = await client.jetstream().stream_info(name.upper())
        behind = [row for row in seen if row[0] != info.created or row[1] > info.state.last_seq]
        return [Difference(f"stream {name.upper()}", "is newer or behind what it acknowledged") for _ in behind]
    except NotFoundError:
        return [Difference(f"stream {name.upper()}", "is missing: run `kinerja streams apply`")]
    finally:
        await client.close()


Work = Callable[[Service, Database, Callable[[int], object]], Awaitable[str]]


async def _each(data: Data, only: str | None, work: Work) -> None:
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        for name in chosen(only):
            task = progress.add_task(name, total=None)
            db = Database(database_url(data, name, "worker"))
            try:
                line = await work(load(name), db, partial(progress.advance, task))
            finally:
                await db.close()
            click.echo(f"{name}: {line}")
