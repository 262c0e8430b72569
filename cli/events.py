"""`kinerja events`: the public feed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import click
import orjson
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.errors import NotFoundError

from cli.system import CODE, data_option, nats_login
from deploy.embedded.data import Data
from deploy.nats.access import PREFIX, READER
from deploy.services import service_names
from shared.messaging.reading import direct_get
from shared.messaging.streams import connect, heed_cancellation

_PAUSE_SECONDS = 0.5


@click.command()
@data_option
@click.option("--instansi", type=CODE, help="Only this agency.", show_default="all")
@click.option("--type", "type_", default="", help="Only types that start so, such as activity.entry.verified.")
@click.option("--from", "since", type=click.DateTime(), help="Only what was sent from this time (UTC) on.")
@click.option("--follow", is_flag=True, help="Stay and show what comes.")
@click.option("--json", "as_json", is_flag=True, help="Each message whole, one JSON document a line.")
def events(data: Data, instansi: str | None, type_: str, since: datetime | None, follow: bool, as_json: bool) -> None:
    """Show the public feed, as an outside system sees it: CloudEvents, no names, no free text.

    Takes KINERJA_NATS_URL, _USER and _PASSWORD when they are set, else the embedded system.

    Example: kinerja events --instansi kota-medan --type activity.entry --follow
    """
    streams = [name for name in service_names() if name.startswith(type_.split(".")[0])]
    if not streams:
        raise click.UsageError(f"No service tells {type_!r}: a type begins with one of {', '.join(service_names())}.")
    with suppress(KeyboardInterrupt):
        asyncio.run(_show(data, streams, instansi or "*", type_, since, follow, as_json))


async def _show(
    data: Data, streams: list[str], instansi: str, type_: str, since: datetime | None, follow: bool, as_json: bool
) -> None:
    async with reader(data) as client:
        printing = [
            asyncio.create_task(_print_stream(client, stream, instansi, type_, since, follow, as_json))
            for stream in streams
        ]
        try:
            await asyncio.gather(*printing)
        finally:
            for task in printing:
                task.cancel()
            await asyncio.wait(printing)


async def _print_stream(
    client: Client, stream: str, instansi: str, type_: str, since: datetime | None, follow: bool, as_json: bool
) -> None:
    async for message in read(client, stream, instansi, since, follow):
        kind = (message.headers or {})["Nats-Subject"].split(".", 2)[2]
        if kind.startswith(type_):
            click.echo(message.data if as_json else _line(kind, message.data))


def _line(kind: str, data: bytes) -> str:
    try:
        said = orjson.loads(data)
        return f"{said['time'][:19]}  {said['instansi']:<20} {kind:<45} {said['subject']} v{said['sourceversion']}"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"unreadable           {kind:<45} {data[:40]!r}"


@asynccontextmanager
async def reader(data: Data) -> AsyncIterator[Client]:
    """A connection that may read every message and change nothing."""
    client = await connect(*nats_login(data, READER), inbox_prefix=f"_INBOX_{READER}")
    try:
        yield client
    finally:
        await client.close()


async def read(
    client: Client, stream: str, instansi: str = "*", since: datetime | None = None, follow: bool = False
) -> AsyncIterator[Msg]:
    """What was told on a stream (of one agency, since a time), and with `follow` what comes; nothing where there is none.

    The header Nats-Subject of each message has its subject. NoRespondersError when nobody answers for a stream that there
    is; whoever follows waits for it.
    """
    position: dict[str, Any] = {"seq": 1}
    if since is not None:
        position = {"start_time": since.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")}
    asked = {"next_by_subj": f"kinerja.{instansi}.{stream}.>"}
    born = await _born(client, stream)
    left = 1 if born else 0
    while follow or left:
        heed_cancellation()
        try:
            found, left = await direct_get(client, stream.upper(), asked | position, _api(client))
        except NoRespondersError:
            if not follow:
                raise
            found, left = [], 0
        for message in found:
            position = {"seq": int((message.headers or {})["Nats-Sequence"]) + 1}
            yield message
        if not left and follow:
            await asyncio.sleep(_PAUSE_SECONDS)
            if (now := await _born(client, stream)) != born:
                born, position = now, {"seq": 1}


async def bodies(client: Client, stream: str) -> AsyncIterator[bytes]:
    """Everything that was told on a stream, as it lies there."""
    async for message in read(client, stream):
        yield message.data


def _api(client: Client) -> str:
    """How streams are asked for: the reader has an account of its own, everybody else who gets here is inside."""
    return PREFIX if client.options.get("user") == READER else "$JS.API"


async def _born(client: Client, stream: str) -> datetime | None:
    """When a stream was made: one that was deleted and declared again begins anew."""
    try:
        return (await client.jetstream(prefix=_api(client)).stream_info(stream.upper())).created
    except NotFoundError:
        return None
