"""`kinerja events`: the public feed."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import click
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from cli.system import Unreachable, data_option, nats_login
from deploy.embedded.data import Data
from deploy.embedded.nats import READER
from deploy.services import service_names
from shared.messaging.streams import connect


@click.command()
@data_option
@click.option("--instansi", default="*", help="Only this agency.", show_default="all")
@click.option("--type", "type_", default="", help="Only types that start so, such as activity.entry.verified.")
@click.option("--from", "since", type=click.DateTime(), help="Only what was sent from this time (UTC) on.")
@click.option("--follow", is_flag=True, help="Stay and show what comes.")
@click.option("--json", "as_json", is_flag=True, help="Each message whole, one JSON document a line.")
def events(data: Data, instansi: str, type_: str, since: datetime | None, follow: bool, as_json: bool) -> None:
    """Show the public feed, as an outside system sees it: CloudEvents, no names, no free text.

    Takes KINERJA_NATS_URL, _USER and _PASSWORD when they are set, else the embedded system.

    Example: kinerja events --instansi kota-medan --type activity.entry --follow
    """
    login = nats_login(data, READER)
    try:
        asyncio.run(_show(login, instansi, type_, since, follow, as_json))
    except (OSError, NatsError, TimeoutError) as error:
        raise Unreachable(f"NATS refused or does not answer: {error!r}") from error
    except KeyboardInterrupt:
        return


async def _show(
    login: tuple[str, str, str], instansi: str, type_: str, since: datetime | None, follow: bool, as_json: bool
) -> None:
    client = await connect(*login, inbox_prefix=f"_INBOX_{READER}")
    try:
        streams = [type_.split(".", 1)[0]] if "." in type_ else service_names()
        async with asyncio.TaskGroup() as group:
            for stream in streams:
                group.create_task(_print_stream(client, stream, instansi, type_, since, follow, as_json))
    finally:
        await client.close()


async def _print_stream(
    client: Client, stream: str, instansi: str, type_: str, since: datetime | None, follow: bool, as_json: bool
) -> None:
    async for message in read(client, stream, instansi, since, follow):
        document = orjson.loads(message.data)
        if not document["type"].startswith(f"id.go.kinerja.{type_}"):
            continue
        if as_json:
            click.echo(message.data)
        else:
            kind = document["type"].removeprefix("id.go.kinerja.")
            click.echo(
                f"{document['time'][:19]}  {document['instansi']:<20} {kind:<45} {document['subject']} v{document['sourceversion']}"
            )


async def read(
    client: Client, stream: str, instansi: str = "*", since: datetime | None = None, follow: bool = False
) -> AsyncIterator[Msg]:
    """What was told on a stream (of one agency, since a time), and with `follow` what comes; nothing where there is none."""
    js = client.jetstream()
    start = ConsumerConfig(deliver_policy=DeliverPolicy.ALL)
    if since is not None:
        start = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_TIME,
            opt_start_time=since.replace(tzinfo=UTC).isoformat(),  # type: ignore[arg-type]
        )
    try:
        feed = await js.subscribe(
            f"kinerja.{instansi}.{stream}.>", stream=stream.upper(), ordered_consumer=True, config=start
        )
    except NotFoundError:
        return
    info = await feed.consumer_info()
    # What was sent before this question is on its way already and pending no more.
    left = (info.num_pending or 0) + (info.delivered.consumer_seq if info.delivered else 0)
    while follow or left > 0:
        try:
            message = await feed.next_msg(timeout=1)
        except TimeoutError:
            continue
        left = message.metadata.num_pending or 0
        yield message
