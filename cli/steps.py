"""The deploy steps: `kinerja migrate` and `kinerja streams apply`."""

import asyncio

import click

from cli.system import chosen, data_option, database_url, nats_login
from deploy.embedded.data import Data
from deploy.services import load, service_names
from shared.eventstore.migrations import upgrade
from shared.messaging.streams import apply as apply_streams
from shared.messaging.streams import connect

_service = click.argument("service", required=False, type=click.Choice(service_names()))


@click.command()
@data_option
@_service
def migrate(data: Data, service: str | None) -> None:
    """Bring the database of SERVICE (or of all) to this version.

    Takes KINERJA_DATABASE_URL_OWNER when it is set, else the embedded system.

    Example: kinerja migrate activity
    """
    for name in chosen(service, "owner"):
        upgrade(name, database_url(data, name, "owner"))
        click.echo(f"{name}: migrated")


@click.group()
def streams() -> None:
    """What JetStream is to hold."""


@streams.command("apply")
@data_option
@_service
@click.option("--replicas", type=click.Choice([1, 3, 5]), help="Copies in a cluster.", show_default="as they are, or 1")
def streams_apply(data: Data, service: str | None, replicas: int | None) -> None:
    """Declare the stream of SERVICE (or of all) and the durables through which it hears.

    Takes KINERJA_NATS_URL, _USER and _PASSWORD when they are set, else the embedded system.

    Example: kinerja streams apply
    """
    names = [service] if service else service_names()
    lines = asyncio.run(declare(nats_login(data), names, replicas))
    click.echo("\n".join(lines))


async def declare(login: tuple[str, str, str], names: list[str], replicas: int | None = None) -> list[str]:
    """Declare the streams of these services and the durables through which they hear."""
    client = await connect(*login)
    try:
        subscriptions = [subscription for name in names for subscription in load(name).subscriptions]
        return await apply_streams(client.jetstream(), names, subscriptions, replicas=replicas)
    finally:
        await client.close()
