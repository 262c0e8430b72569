"""The deploy steps: `kinerja migrate` and `kinerja streams apply`."""

import asyncio
import os
import time

import click
from nats.js.errors import NotFoundError

from cli.system import Refused, chosen, data_option, database_url, nats_login
from deploy.embedded.data import Data
from deploy.provision import provision as provisioned
from deploy.services import load, service_names
from shared.messaging.streams import apply as apply_streams
from shared.messaging.streams import connect
from shared.operations.migrations import DatabaseNewer, upgrade

_ANY_PORT = 5432  # only names and passwords of the roles are used
_service = click.argument("service", required=False, type=click.Choice(service_names()))


@click.command()
@data_option
@_service
def migrate(data: Data, service: str | None) -> None:
    """Bring the database of SERVICE (or of all) to this version; one that is newer, after a rollback, is left alone.

    Takes KINERJA_DATABASE_URL_OWNER when it is set, else the embedded system.

    Example: kinerja migrate activity
    """
    for name in chosen(service, "owner"):
        try:
            upgrade(name, database_url(data, name, "owner"))
        except DatabaseNewer as newer:
            click.echo(f"{name}: left alone, {newer}")
        else:
            click.echo(f"{name}: migrated")


@click.command()
@data_option
@_service
def provision(data: Data, service: str | None) -> None:
    """Give SERVICE (or all) a database, three roles, and these the passwords that `kinerja compose init` wrote to --data.

    Takes the superuser's address from KINERJA_DATABASE_URL_ADMIN (postgresql://…).

    Example: kinerja provision
    """
    admin = os.environ.get("KINERJA_DATABASE_URL_ADMIN")
    if not admin:
        raise Refused("Set KINERJA_DATABASE_URL_ADMIN to the address of PostgreSQL's superuser.")
    for name in [service] if service else service_names():
        asyncio.run(provisioned(admin, data.database(name, _ANY_PORT)))
        click.echo(f"{name}: database and roles")


@click.command()
@data_option
@click.argument("service", type=click.Choice(service_names()))
@click.option("--seconds", default=120, show_default=True, help="How long to wait for the streams of other services.")
@click.pass_context
def deploy(ctx: click.Context, data: Data, service: str, seconds: int) -> None:
    """Migrate SERVICE and declare its stream and durables, once the streams that it hears are there.

    Takes the variables of `kinerja migrate` and `kinerja streams apply`.

    Example: kinerja deploy activity
    """
    ctx.invoke(migrate, data=data, service=service)
    end = time.monotonic() + seconds
    while True:
        try:
            ctx.invoke(streams_apply, data=data, service=service, replicas=_replicas(), max_gigabytes=None)
            return
        except NotFoundError:  # its own is declared by now; another service's comes with its own step
            if time.monotonic() > end:
                raise
            time.sleep(1)


def _replicas() -> int | None:
    return int(os.environ.get("KINERJA_NATS_REPLICAS", "0")) or None


@click.group()
def streams() -> None:
    """What JetStream is to hold."""


@streams.command("apply")
@data_option
@_service
@click.option(
    "--replicas",
    type=click.Choice([1, 3, 5]),
    envvar="KINERJA_NATS_REPLICAS",
    show_envvar=True,
    help="Copies in a cluster.",
    show_default="as they are, or 1",
)
@click.option(
    "--max-gigabytes",
    type=click.IntRange(1),
    help="Size of a stream; the oldest goes first.",
    show_default="as it is, or any",
)
def streams_apply(data: Data, service: str | None, replicas: int | None, max_gigabytes: int | None) -> None:
    """Declare the stream of SERVICE (or of all) and the durables through which it hears.

    A size keeps the road from filling the disk. Choose it larger than what the slowest listener may have to catch up
    with: what was dropped before it was heard comes again only by `kinerja republish`.

    Takes KINERJA_NATS_URL, _USER and _PASSWORD when they are set, else the embedded system.

    Example: kinerja streams apply
    """
    names = [service] if service else service_names()
    size = None if max_gigabytes is None else max_gigabytes * 10**9
    lines = asyncio.run(declare(nats_login(data), names, replicas, size))
    click.echo("\n".join(lines))


async def declare(
    login: tuple[str, str, str], names: list[str], replicas: int | None = None, max_bytes: int | None = None
) -> list[str]:
    """Declare the streams of these services and the durables through which they hear."""
    client = await connect(*login)
    try:
        subscriptions = [subscription for name in names for subscription in load(name).subscriptions]
        js = client.jetstream()
        return await apply_streams(js, names, subscriptions, replicas=replicas, max_bytes=max_bytes)
    finally:
        await client.close()
