"""`kinerja dead-letters`: what could not be processed, and what to do about it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from cli.system import Refused, Unreachable, data_option, database_url
from deploy.embedded.data import Data
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.messaging import dead_letters as letters
from shared.messaging.envelope import ContractBroken

R = TypeVar("R")

_service = click.argument("service", type=click.Choice(service_names()))
_number = click.argument("number", type=int)


@click.group("dead-letters")
def dead_letters() -> None:
    """What could not be processed: kept whole, with the reason."""


@dead_letters.command("list")
@data_option
@click.option("--service", type=click.Choice(service_names()), help="Only this service.", show_default="all")
@click.option("--settled", is_flag=True, help="Those already retried or dropped too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def listed(data: Data, service: str | None, settled: bool, as_json: bool) -> None:
    """List the newest dead letters of each service.

    Example: kinerja dead-letters list --service appraisal
    """
    found = []
    for name in [service] if service else service_names():
        rows = _with(data, name, lambda db: letters.listed(db, settled=settled))
        found += [{"service": name} | row for row in rows]
    if as_json:
        click.echo(json.dumps(found, default=str))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("service", "number", "since", "subject", "reason", "error"):
        table.add_column(title)
    for row in found:
        since = f"{row['created_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(row["service"], str(row["id"]), since, row["subject"], row["reason"], row["error"][:120])
    Console().print(table if found else "No dead letters.")


@dead_letters.command()
@data_option
@_service
@_number
def show(data: Data, service: str, number: int) -> None:
    """Show one dead letter whole: payload, error, trace.

    Example: kinerja dead-letters show appraisal 3
    """
    row = _with(data, service, lambda db: letters.shown(db, number))
    row["payload"] = bytes(row["payload"]).decode("utf-8", "backslashreplace")
    click.echo(json.dumps(row, default=str, indent=2))


@dead_letters.command()
@data_option
@_service
@_number
def retry(data: Data, service: str, number: int) -> None:
    """Run the handler on the kept message, and settle it when that works.

    Example: kinerja dead-letters retry appraisal 3
    """
    try:
        _with(data, service, lambda db: letters.retry(db, load(service).subscriptions, number))
    except (SQLAlchemyError, Unreachable, Refused):
        raise
    except ContractBroken as error:
        raise Refused(f"It still breaks its contract and stays: {error}") from error
    except Exception as error:
        raise Refused(f"The handler failed again, the letter stays: {error!r}") from error
    click.echo(f"{service} {number}: retried")


@dead_letters.command()
@data_option
@_service
@_number
def drop(data: Data, service: str, number: int) -> None:
    """Give a dead letter up; its row stays, settled.

    Example: kinerja dead-letters drop appraisal 3
    """
    _with(data, service, lambda db: letters.drop(db, number))
    click.echo(f"{service} {number}: dropped")


def _with(data: Data, service: str, work: Callable[[Database], Awaitable[R]]) -> R:
    async def run() -> R:
        db = Database(database_url(data, service, "worker"))
        try:
            return await work(db)
        finally:
            await db.close()

    try:
        return asyncio.run(run())
    except letters.NoSuchDeadLetter as error:
        raise Refused(f"{service}: {error}.") from error
    except OSError as error:
        raise Unreachable(f"The database of {service} does not answer: {error}") from error
