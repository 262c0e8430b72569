"""`kinerja instansi`: the agencies and the rules each works under."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import asyncpg
import click
import httpx
import yaml
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from cli.exporting import export
from cli.importing.sender import Sender, checked, problem_of
from cli.system import CODE, REFUSED_ROWS, Refused, System, Unreachable, console, data_option, database_url, find
from cli.transfer import merge, split
from deploy.embedded.data import Data
from shared.calendar import zone_of
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.web.tokens import INSTANSI_PATTERN

_file = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def instansi() -> None:
    """Agencies: zone, period, calendar, rules; export, suspend, merge and split."""


@instansi.command()
@data_option
@_file
def add(data: Data, file: Path) -> None:
    """Register the agencies in FILE (YAML).

    The same file again changes nothing; for an agency that exists otherwise use `set`.

    Example: kinerja instansi add samples/instansi.yaml
    """
    system = find(data)
    _each(file, lambda code, said: _add(_sender(system, code), said))


@instansi.command("set")
@data_option
@_file
def set_(data: Data, file: Path) -> None:
    """Change the agencies in FILE (YAML); what it leaves out stays as it is.

    Example: kinerja instansi set new-rules.yaml
    """
    system = find(data)
    _each(file, lambda code, said: _set(_sender(system, code), said))


@instansi.command("list")
@data_option
@click.argument("codes", type=CODE, nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def list_(data: Data, codes: tuple[str, ...], as_json: bool) -> None:
    """Show the agencies, or only those with these CODES, and the rules in force.

    Example: kinerja instansi list kota-medan --json
    """
    system = find(data)
    found = [_sender(system, code).get("directory", "/instansi") for code in codes or _codes(data)]
    if as_json:
        click.echo(json.dumps(found))
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("instansi", "name", "zone", "first day", "period", "rules", "state"):
        table.add_column(title, no_wrap=title == "instansi")
    for each in found:
        rules = each["rules"]
        period, version = rules["policy"]["period_kind"], str(rules["version"])
        state = "suspended" if each["suspended"] else "at work"
        table.add_row(each["instansi"], each["name"], rules["zone"], rules["first_day"], period, version, state)
    console().print(table if found else "No agencies: add one with `kinerja instansi add FILE`.")


@instansi.command()
@data_option
@click.argument("code", type=CODE)
def suspend(data: Data, code: str) -> None:
    """Accept no more commands of the agency CODE: it is read as before, jobs and mails are quiet. Until `resume`.

    What other services were told before is still handled. Again it changes nothing.

    Example: kinerja instansi suspend kota-medan
    """
    _switch(data, code, "suspend")


@instansi.command()
@data_option
@click.argument("code", type=CODE)
def resume(data: Data, code: str) -> None:
    """Accept commands of the agency CODE again; jobs and mails go on where they stopped.

    Example: kinerja instansi resume kota-medan
    """
    _switch(data, code, "resume")


def _switch(data: Data, code: str, to: str) -> None:
    told = checked(_sender(find(data), code).call("POST", "directory", f"/instansi/{to}"))
    click.echo(f"{code}: {'suspended' if told['suspended'] else 'at work'}, {told['status']}")


for _command in (export, merge, split):
    instansi.add_command(_command)


def _add(sender: Sender, said: dict[str, Any]) -> str:
    answer = sender.call("PUT", "directory", "/instansi", said, headers={"If-Match": '"0"'})
    if answer.status_code != httpx.codes.PRECONDITION_FAILED:
        return str(checked(answer)["status"])
    there = sender.get("directory", "/instansi")
    held = {**there, **(there["planned"] or there["rules"])}
    if "zone" in said:
        said = said | {"zone": _zone(said["zone"])}
    if all(_same(held.get(name), value) for name, value in said.items()):
        return "unchanged"
    raise Refused("instansi-exists: it is registered otherwise; change it with `kinerja instansi set`.")


def _zone(name: Any) -> Any:
    """The zone under its IANA name, by which the directory keeps it."""
    try:
        return zone_of(str(name)).key
    except ValueError:
        return name


def _same(held: Any, value: Any) -> bool:
    if isinstance(value, dict):
        return isinstance(held, dict) and all(_same(held.get(name), part) for name, part in value.items())
    if isinstance(value, list):
        return isinstance(held, list) and sorted(held) == sorted(set(value))
    try:
        return Decimal(str(held)) == Decimal(str(value))
    except InvalidOperation:
        return str(held) == str(value)


def _set(sender: Sender, said: dict[str, Any]) -> str:
    answer = sender.call("GET", "directory", "/instansi")
    if problem_of(answer).get("code") == "unknown-instansi":
        raise Refused("unknown-instansi: it is not registered; add it with `kinerja instansi add`.")
    checked(answer)
    return str(checked(sender.call("PUT", "directory", "/instansi", said))["status"])


def _each(file: Path, work: Callable[[str, dict[str, Any]], str]) -> None:
    refused = False
    for said in _read(file):
        code = said.pop("instansi")
        try:
            click.echo(f"{code}: {work(code, said)}")
        except Refused as refusal:
            refused = True
            click.echo(f"{code}: refused: {refusal.message}", err=True)
    if refused:
        raise click.exceptions.Exit(REFUSED_ROWS)


def _read(file: Path) -> list[dict[str, Any]]:
    """The agencies in a YAML file: one, or a list of them. Refused says what to change."""
    try:
        said = yaml.safe_load(file.read_text("utf-8"))
    except OSError as error:
        raise Refused(f"file-unreadable: {file} cannot be read: {error.strerror or error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"file-malformed: {file.name} is no readable YAML: {error}") from error
    found = said if isinstance(said, list) else [said]
    for number, each in enumerate(found, 1):
        if not isinstance(each, dict) or not re.fullmatch(INSTANSI_PATTERN, str(each.get("instansi", ""))):
            raise Refused(
                f"file-malformed: {file.name}, agency {number}: say instansi (a code of lower-case letters, digits and"
                " hyphens), name, zone and first_day."
            )
    return [{name: _written(value) for name, value in each.items()} for each in found]


def _written(value: Any) -> Any:
    """As JSON has it: YAML reads dates as dates."""
    match value:
        case date():
            return value.isoformat()
        case list():
            return [_written(part) for part in value]
        case dict():
            return {str(name): _written(part) for name, part in value.items()}
        case _:
            return value


def _sender(system: System, code: str) -> Sender:
    return Sender(system, code, system.token(code, ["system"]))


def _codes(data: Data) -> list[str]:
    """All agencies there are: operators may ask the directory's database; the API answers for one agency at a time."""

    async def ask() -> list[str]:
        db = Database(database_url(data, "directory", "worker"))
        try:
            async with db.transaction() as conn:
                return [row[0] for row in await fetch(conn, "SELECT instansi FROM heard_instansi ORDER BY 1")]
        finally:
            await db.close()

    try:
        return asyncio.run(ask())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
        raise Unreachable(f"The database of directory does not answer: {error}; name the agencies instead.") from error
