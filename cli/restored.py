"""`kinerja restored`: what has to follow when the database of a service was put back to an earlier point."""

import asyncio
import os
from datetime import UTC, datetime

import click

from cli.events import bodies, reader
from cli.steps import declare
from cli.system import Refused, data_option, database_url, nats_login
from deploy.embedded.data import Data
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.messaging.publisher import Publisher
from shared.messaging.streams import DUPLICATE_WINDOW_SECONDS, connect
from shared.operations.republish import Republisher
from shared.operations.restore import StillRunning, look, mark, new_epoch


@click.command()
@data_option
@click.argument("service", type=click.Choice(service_names()))
@click.option("--per-second", default=5_000, show_default=True, help="At most this many messages a second.")
def restored(data: Data, service: str, per_second: int) -> None:
    """Make the world believe the restored record of SERVICE, and list what the restore lost.

    SERVICE must be stopped, the others and NATS run. Its record is told anew in a new epoch, with a marker for each agency
    behind it: whoever hears SERVICE then forgets what did not come again. Those whom SERVICE hears tell everything once more.
    Each lost fact is one JSON document a line. Run again after an interruption; start SERVICE afterwards.

    Example: kinerja restored activity >> lost.jsonl
    """
    try:
        asyncio.run(_restored(data, service, per_second))
        data.note_restore(service, unknown=False)
    except StillRunning as error:
        raise Refused(str(error)) from error


async def _restored(data: Data, service: str, per_second: int) -> None:
    began = asyncio.get_running_loop().time()
    await declare(nats_login(data), service_names())
    db = Database(database_url(data, service, "worker"))
    try:
        async with reader(data) as client:
            road = await look(db, bodies(client, service))
        await db.close()
        for fact in sorted(road.lost):  # before the epoch is raised: in the next they are void and not found again
            click.echo(fact.as_json())
        epoch = await new_epoch(database_url(data, service, "owner"), road)
        sent = await _republish(data, service, per_second)
        marked = await mark(db, service, epoch, road)
    finally:
        await db.close()
    click.echo(
        f"{service}: epoch {epoch}, {sent} messages sent, {marked} agencies, {len(road.lost)} facts lost", err=True
    )
    for name in sorted({each.stream.lower() for each in load(service).subscriptions} - {service}):
        if "KINERJA_DATABASE_URL_WORKER" in os.environ:  # the address of one service
            click.echo(f"{name}: run `kinerja republish --service {name}` with its own settings", err=True)
        else:
            click.echo(f"{name}: {await _republish(data, name, per_second)} messages sent", err=True)
    # A new fact may have the id of a lost one, which the road would take for a repeat. Whether one was lost is not known
    # to the run that follows one that was killed.
    await asyncio.sleep(began + DUPLICATE_WINDOW_SECONDS - asyncio.get_running_loop().time())


async def _republish(data: Data, name: str, per_second: int) -> int:
    client = await connect(*nats_login(data, name), inbox_prefix=f"_INBOX_{name}")
    db = Database(database_url(data, name, "worker"))
    try:
        run = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
        return await Republisher(db, load(name).slices, Publisher(client), run, per_second=per_second).send()
    finally:
        await db.close()
        await client.close()
