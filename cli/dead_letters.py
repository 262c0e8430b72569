"""`kinerja dead-letters`: what could not be processed, and what to do about it."""

import asyncio
import getpass
import json
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cli.system import FAILED, Refused, chosen, console, data_option, database_url
from deploy.embedded.data import Data
from deploy.services import load, service_names
from shared.eventstore.database import Database
from shared.operations import dead_letters as letters
from shared.operations.dead_letters import By, NoSuchDeadLetter, StillDead, Wanted

R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
#: What is asked for, of each service.
Asked = dict[str, Wanted]

_SHOWN_FAILURES = 20
_LONG = ("subject", "error", "why", "outcome")


class _Letter(click.ParamType[tuple[str, int]]):
    """A dead letter as `list` names it, such as appraisal:3."""

    name = "id"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        """Service and number, or a usage error."""
        service, _, number = str(value).partition(":")
        if service not in service_names() or not number.isdecimal() or len(number) > 18:
            self.fail(f"{value!r} is no dead letter: write it as `list` does, such as appraisal:3.", param, ctx)
        return service, int(number)


_LETTER = _Letter()
_service = click.option("--service", type=click.Choice(service_names()), help="Only this service.", show_default="all")
_since = click.option("--since", type=click.DateTime(), help="Only from this time (UTC) on.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
_limit = click.option(
    "--limit", default=100, show_default=True, type=click.IntRange(1, 100_000), help="At most so many."
)
_by = click.option("--by", default=lambda: _user(), help="Who does it.", show_default="the user of this shell")


def _filters(command: F) -> F:
    for option in (
        _since,
        click.option("--type", "type_", default="", help="Only messages whose type starts so, such as activity.entry."),
        click.option("--reason", type=click.Choice(["contract", "handler", "version"]), help="Only what failed there."),
        click.option("--instansi", help="Only this agency."),
        click.option("--durable", help="Only what was to be heard by this durable."),
        _service,
    ):
        command = option(command)
    return command


def _asked(
    service: str | None,
    durable: str | None,
    instansi: str | None,
    reason: str | None,
    type_: str,
    since: datetime | None,
    **more: Any,
) -> Asked:
    since = since.replace(tzinfo=UTC) if since else None
    wanted = Wanted(durable=durable, instansi=instansi, reason=reason, type=type_, since=since, **more)
    return dict.fromkeys(chosen(service), wanted)


def _named(ids: tuple[tuple[str, int], ...], everything: bool, filters: dict[str, Any]) -> Asked:
    """The letters named, or those that the filters leave; never all by accident."""
    filtered = any(filters.values())
    if [bool(ids), everything or filtered].count(True) != 1:
        raise click.UsageError("Say which: ids such as appraisal:3, or filters, or --all.")
    if not ids:
        return _asked(**filters)
    return {service: Wanted(ids=[n for s, n in ids if s == service]) for service in sorted({s for s, _ in ids})}


@click.group("dead-letters")
def dead_letters() -> None:
    """What could not be processed: kept whole, with the reason.

    Takes KINERJA_DATABASE_URL_WORKER, the database of one service, when it is set, else the embedded system.
    """


@dead_letters.command("list")
@data_option
@_filters
@click.option("--settled", is_flag=True, help="Those already retried or dropped too.")
@click.option("--before", type=_LETTER, help="The page behind this one: older letters of its service.")
@_limit
@_json
def listed(
    data: Data, settled: bool, before: tuple[str, int] | None, limit: int, as_json: bool, **filters: Any
) -> None:
    """List dead letters, the newest first.

    Example: kinerja dead-letters list --service appraisal --reason handler
    """
    if before:
        filters["service"] = before[0]
    asked = _asked(**filters, settled=settled, before=before[1] if before else None)
    found: list[dict[str, Any]] = []
    for service, wanted in asked.items():
        rows = _with(data, service, partial(letters.listed, wanted=wanted, limit=limit + 1))
        found += [row | {"id": f"{service}:{row['id']}", "service": service} for row in rows]
    found.sort(key=lambda row: row["created_at"], reverse=True)
    more = len(found) > limit
    _print(found[:limit], ("id", "created_at", "tries", "subject", "reason", "error"), as_json, "No dead letters.")
    if more and not as_json:
        click.echo(
            f"There are more: filter, raise --limit, or go on with --service S --before {found[limit - 1]['id']}."
        )


@dead_letters.command()
@data_option
@click.argument("letter", metavar="ID", type=_LETTER)
def show(data: Data, letter: tuple[str, int]) -> None:
    """Show one dead letter whole: payload, headers, error, trace, and what was done about it.

    Example: kinerja dead-letters show appraisal:3
    """
    service, number = letter
    try:
        row = _with(data, service, partial(letters.shown, letter=number))
    except NoSuchDeadLetter as error:
        raise Refused(f"{service}: {error}.") from error
    row |= {"id": f"{service}:{number}", "payload": bytes(row["payload"]).decode("utf-8", "backslashreplace")}
    click.echo(json.dumps(row, default=str, indent=2))


@dead_letters.command()
@data_option
@click.argument("ids", metavar="[ID]...", type=_LETTER, nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="Every open dead letter.")
@click.option("--because", help="Why, for the record.")
@_by
def retry(
    data: Data,
    ids: tuple[tuple[str, int], ...],
    everything: bool,
    because: str | None,
    by: str,
    **filters: Any,
) -> None:
    """Run the handler on the kept messages, the oldest first, and settle those with which that works.

    What fails again stays, with its new error. Safe to interrupt and to repeat, also by two at once. Exit code 1 when
    some failed again.

    Example: kinerja dead-letters retry --service appraisal --reason handler --because "0.2.1 is deployed"
    """
    failed = 0
    for service, numbers in _open(data, _named(ids, everything, filters)).items():
        failures = _with(data, service, partial(_retry, service=service, numbers=numbers, by=By(by, because)))
        for number, error in failures[:_SHOWN_FAILURES]:
            click.echo(f"{service}:{number} failed again: {error[:200]}")
        click.echo(f"{service}: {len(numbers) - len(failures)} settled, {len(failures)} failed again")
        failed += len(failures)
    if failed:
        raise click.exceptions.Exit(FAILED)


async def _retry(db: Database, service: str, numbers: list[int], by: By) -> list[tuple[int, str]]:
    """Retry each; those that failed again with their errors. What somebody else settled meanwhile is settled."""
    subscriptions, failures = load(service).subscriptions, []
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(service, total=len(numbers))
        for number in numbers:
            try:
                await letters.retry(db, subscriptions, number, by)
            except NoSuchDeadLetter:
                pass
            except StillDead as error:
                failures.append((number, str(error)))
            progress.advance(task)
    return failures


@dead_letters.command()
@data_option
@click.argument("ids", metavar="[ID]...", type=_LETTER, nargs=-1)
@_filters
@click.option("--all", "everything", is_flag=True, help="Every open dead letter.")
@click.option("--because", required=True, help="Why, for the record.")
@_by
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(
    data: Data,
    ids: tuple[tuple[str, int], ...],
    everything: bool,
    because: str,
    by: str,
    yes: bool,
    **filters: Any,
) -> None:
    """Give dead letters up: they will never be processed. Their rows stay for a quarter, settled.

    Example: kinerja dead-letters drop appraisal:3 --because "a test of the vendor"
    """
    found = _open(data, _named(ids, everything, filters))
    number = sum(map(len, found.values()))
    if number and not yes:
        try:
            yes = click.confirm(f"Give up {number} dead letters of {', '.join(found)}?")
        except click.Abort:
            yes = False
        if not yes:
            raise Refused("Nothing was dropped; say yes, or --yes.")
    for service, numbers in found.items():
        dropped = _with(data, service, partial(letters.drop, wanted=Wanted(ids=numbers), by=By(by, because)))
        click.echo(f"{service}: {len(dropped)} dropped")


@dead_letters.command()
@data_option
@_service
@_since
@_limit
@_json
def history(data: Data, service: str | None, since: datetime | None, limit: int, as_json: bool) -> None:
    """List what was done about dead letters, the newest first: who, when, why, and what came of it.

    Example: kinerja dead-letters history --since 2026-11-01
    """
    since = since.replace(tzinfo=UTC) if since else None
    found: list[dict[str, Any]] = []
    for name in chosen(service):
        rows = _with(data, name, partial(letters.history, since=since, limit=limit))
        found += [row | {"letter": f"{name}:{row['letter']}", "service": name} for row in rows]
    found.sort(key=lambda row: row["at"], reverse=True)
    _print(found[:limit], ("letter", "at", "action", "who", "why", "outcome"), as_json, "Nothing was done.")


def _open(data: Data, asked: Asked) -> dict[str, list[int]]:
    """The numbers of the open letters asked for, the oldest first. Refused when one that was named is not open."""
    found = {service: _with(data, service, partial(letters.found, wanted=wanted)) for service, wanted in asked.items()}
    missing = [f"{s}:{n}" for s, wanted in asked.items() for n in wanted.ids or () if n not in found[s]]
    if missing:
        raise Refused(f"No open dead letter: {', '.join(missing)}; see `kinerja dead-letters list --settled`.")
    found = {service: numbers for service, numbers in found.items() if numbers}
    if not found:
        click.echo("No dead letters.")
    return found


def _print(rows: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool, nothing: str) -> None:
    if as_json:
        click.echo(json.dumps(rows, default=str))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column not in _LONG)
    for row in rows:
        table.add_row(*(_cell(row[column]) for column in columns))
    console().print(table if rows else nothing, markup=False)


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)[:120]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _with(data: Data, service: str, work: Callable[[Database], Awaitable[R]]) -> R:
    async def run() -> R:
        db = Database(database_url(data, service, "worker"))
        try:
            return await work(db)
        finally:
            await db.close()

    return asyncio.run(run())
