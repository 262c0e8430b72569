"""`kinerja subscribers`: systems outside, and what each is given."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
from nats.aio.client import Client
from nats.js.api import ConsumerInfo
from rich.table import Table

from cli.system import Refused, Unreachable, console, data_option, nats_login
from deploy.embedded import outside
from deploy.embedded.data import Data
from deploy.embedded.process import StartError
from deploy.nats import grants
from deploy.nats.description import Subscriber, load
from deploy.nats.inside import taken
from deploy.services import service_names
from shared.messaging.streams import OUTSIDE, connect

T = TypeVar("T")
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def subscribers() -> None:
    """Systems outside that listen, and what each is given."""


@subscribers.command()
@data_option
@click.argument("file", type=_file)
def apply(data: Data, file: Path) -> None:
    """Give every subscriber in FILE what it says there, and take from all others what they had.

    Takes KINERJA_NATS_URL, _USER and _PASSWORD (the admin's) when they are set, and then changes what is given only: who
    may connect is said by `kinerja nats render`. Else the embedded system, where it does both.

    Example: kinerja subscribers apply subscribers.yaml
    """
    said = load(file, taken())
    if "subscribers" not in said.model_fields_set:
        raise Refused(f"{file} has no `subscribers`. To take everything from everybody, write `subscribers: {{}}`.")
    if _elsewhere():
        lines = _ask(data, lambda client: grants.apply(client, _streams(), said.subscribers))
    else:
        login = nats_login(data)  # first: it says so when nothing runs
        outside.keep(data, said)
        lines = asyncio.run(_with(login, lambda client: grants.apply(client, _streams(), said.subscribers)))
        asyncio.run(_reload(data))
    click.echo("\n".join(lines) or "nothing changed")


@subscribers.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def list_(data: Data, as_json: bool) -> None:
    """Show each subscriber and stream: what it has not fetched, what it has not acknowledged, and since when it is silent.

    Example: kinerja subscribers list
    """
    rows = _ask(data, _rows)
    if as_json:
        click.echo(json.dumps(rows))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("subscriber", "stream", "types", "waiting", "unacknowledged", "last acknowledged (UTC)"):
        table.add_column(title, justify="right" if title in ("types", "waiting", "unacknowledged") else "left")
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console().print(table)


@subscribers.command()
@data_option
@click.argument("name")
@click.option("--rotate", is_flag=True, help="Make a new password; connections with the old one end.")
def login(data: Data, name: str, rotate: bool) -> None:
    """Print what the subscriber NAME of the embedded system needs to connect, as environment variables.

    Elsewhere `kinerja nats render` writes it.

    Example: env $(kinerja subscribers login payroll) python subscriber.py
    """
    if _elsewhere():
        raise Refused("Passwords of other systems are made by `kinerja nats render`, in its folder `clients`.")
    url, _, _ = nats_login(data)
    _known(name, outside.subscribers(data))
    password = data.secret(f"nats {name}", anew=rotate)
    if rotate:
        asyncio.run(_reload(data))
    click.echo(f"KINERJA_NATS_URL={url}\nKINERJA_NATS_USER={name}\nKINERJA_NATS_PASSWORD={password}")


@subscribers.command()
@data_option
@click.argument("file", type=_file)
@click.argument("name")
@click.option("--from", "since", type=click.DateTime(), help="Only what was sent from this time (UTC) on.")
def replay(data: Data, file: Path, name: str, since: datetime | None) -> None:
    """Give the subscriber NAME in FILE everything once more that is on the road and granted to it.

    What is no longer on the road comes again by `kinerja republish`.

    Example: kinerja subscribers replay subscribers.yaml payroll --from 2026-03-01
    """
    subscriber = _known(name, load(file, taken()).subscribers)

    async def again(client: Client) -> None:
        for stream in subscriber.subjects():
            await grants.replay(client, stream, name, subscriber, since)

    _ask(data, again)
    click.echo(f"{name}: begins anew on {', '.join(subscriber.subjects())}")


async def _reload(data: Data) -> None:
    try:
        await outside.reload(data)
    except StartError as error:
        raise Unreachable(str(error)) from error


async def _rows(client: Client) -> list[dict[str, Any]]:
    found = [
        _row(stream, info)
        for stream in _streams()
        for info in await grants.durables(client, stream) or ()
        if str(info.name).startswith(OUTSIDE)
    ]
    return sorted(found, key=lambda row: (row["subscriber"], row["stream"]))


def _row(stream: str, info: ConsumerInfo) -> dict[str, Any]:
    subjects = info.config.filter_subjects or [info.config.filter_subject or ""]
    last = info.ack_floor and info.ack_floor.last_active
    return {
        "subscriber": str(info.name).removeprefix(OUTSIDE),
        "stream": stream,
        "types": len({subject.split(".", 2)[-1] for subject in subjects}),
        "waiting": info.num_pending,
        "unacknowledged": info.num_ack_pending,
        "last": f"{last:%Y-%m-%d %H:%M:%S}" if last else None,
    }


def _known(name: str, there: Mapping[str, Subscriber]) -> Subscriber:
    if name not in there:
        raise Refused(f"There is no subscriber {name!r}; there are: {', '.join(sorted(there)) or 'none'}.")
    return there[name]


def _elsewhere() -> bool:
    return "KINERJA_NATS_URL" in os.environ


def _streams() -> list[str]:
    return [name.upper() for name in service_names()]


def _ask(data: Data, work: Callable[[Client], Awaitable[T]]) -> T:
    return asyncio.run(_with(nats_login(data), work))


async def _with(login: tuple[str, str, str], work: Callable[[Client], Awaitable[T]]) -> T:
    client = await connect(*login)
    try:
        return await work(client)
    finally:
        await client.close()
