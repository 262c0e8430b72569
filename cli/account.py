"""`kinerja account`: who may sign in at the portal."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from cli.importing.sender import PAGE, Sender, checked
from cli.system import CODE, REFUSED_ROWS, Refused, data_option, find
from cli.system import console as wide
from deploy.embedded.data import Data
from shared.calendar import zone_of

_ROLES = ("staff", "hr", "leader", "auditor")
_instansi = click.option("--instansi", "code", type=CODE, required=True, help="The agency.")
_nip = click.option("--nip", help="Whose; 18 digits.")
_file = click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Instead of --nip: a CSV file with a column nip, such as the roster that was imported.",
)


@click.group()
def account() -> None:
    """Who may sign in at the portal: accounts, roles, and links that set a password.

    Elsewhere than on the embedded system set KINERJA_URL, KINERJA_TOKEN (of the role system) and KINERJA_PUBLIC_URL, the
    address at which people open the portal.
    """


@account.command()
@data_option
@_instansi
@_nip
@_file
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(_ROLES), help="May be repeated.  [default: as it is, or staff]"
)
def add(data: Data, code: str, nip: str | None, file: Path | None, roles: tuple[str, ...]) -> None:
    """Make an account for whoever has this NIP in the directory, or change its roles to these.

    Everybody is staff besides, but for an auditor without another role, who only looks. Whom somebody leads follows from the
    directory. Again it changes nothing.

    Example: kinerja account add --instansi kota-medan --nip 198007072005072007 --role hr
    """
    sender = _sender(data, code)

    def one(number: str) -> Mapping[str, Any]:
        said = {"roles": [role for role in roles if role != "staff"]} if roles else {}
        return _told(checked(sender.call("POST", "portal", "/accounts", {"nip": number} | said)))

    _each(nip, file, one)


@account.command()
@data_option
@_instansi
@_nip
@_file
def link(data: Data, code: str, nip: str | None, file: Path | None) -> None:
    """Print the address at which a person sets a password, once, and until when. Links made before are void.

    Whoever has it is let in: give it to nobody else. With --file one CSV line for each person: nip, address, until.

    Example: kinerja account link --instansi kota-medan --nip 198007072005072007
    """
    sender = _sender(data, code)
    base = os.environ.get("KINERJA_PUBLIC_URL", "").rstrip("/") or sender.system.portal
    zone = zone_of(sender.get("directory", "/instansi")["rules"]["zone"])

    def one(number: str) -> Mapping[str, Any]:
        made = checked(sender.call("POST", "portal", f"/accounts/{_employee(sender, number)}/link"))
        until = datetime.fromisoformat(made["expires_at"]).astimezone(zone)
        told = {"nip": number} if file else {}
        return told | {"address": f"{base}{made['path']}", "until": f"{until:%Y-%m-%d %H:%M %Z}"}

    _each(nip, file, one)


@account.command()
@data_option
@_instansi
@_nip
@_file
def lock(data: Data, code: str, nip: str | None, file: Path | None) -> None:
    """Sign a person out everywhere and forget the password: a new link lets them in again.

    Example: kinerja account lock --instansi kota-medan --nip 198007072005072007
    """
    sender = _sender(data, code)
    _each(nip, file, lambda n: _told(checked(sender.call("POST", "portal", f"/accounts/{_employee(sender, n)}/lock"))))


@account.command("list")
@data_option
@_instansi
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table.")
def list_(data: Data, code: str, as_json: bool) -> None:
    """Show every account of the agency: whose it is, its roles, and whether its password was set.

    Example: kinerja account list --instansi kota-medan
    """
    sender = _sender(data, code)
    found = sender.get("portal", "/accounts")
    if as_json:
        click.echo(json.dumps(found))
        return
    names = _names(sender, [each["employee"] for each in found])
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("employee", "name", "roles", "password"):
        table.add_column(title, no_wrap=title == "employee")
    for each in found:
        table.add_row(each["employee"], names.get(each["employee"], ""), _roles(each["roles"]), _password(each))
    wide().print(table if found else "No accounts: make one with `kinerja account add`.")


def _sender(data: Data, code: str) -> Sender:
    system = find(data)
    return Sender(system, code, system.token(code, ["system"]))


def _employee(sender: Sender, nip: str) -> str:
    """Whose NIP it is. Refused for nobody's."""
    asked = {"purpose": "account", "nips": [nip]}
    people = checked(sender.call("POST", "directory", "/employees/lookup", asked))["people"]
    for person in people:
        if person["active"]:
            return str(person["id"])
    raise Refused("nip-unknown: nobody active in this agency has this NIP; import the roster first.")


def _told(account: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"employee": account["employee"], "roles": _roles(account["roles"]), "password": _password(account)}


def _each(nip: str | None, file: Path | None, work: Callable[[str], Mapping[str, Any]]) -> None:
    """Do it for one person, or for everybody in a file, where who is refused keeps nobody else from it."""
    if (nip is None) == (file is None):
        raise click.UsageError("Say either --nip or --file.")
    if file is None:
        told = work(_digits(nip or ""))
        click.echo("\n".join(f"{name}: {value}" for name, value in told.items()))
        return
    refused, writer = 0, None
    for row, number in _numbers(file):
        try:
            told = work(_digits(number))
        except Refused as refusal:
            refused += 1
            click.echo(f"row {row}: refused: {refusal.message}", err=True)
            continue
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(told))
            writer.writeheader()
        writer.writerow(told)
    if refused:
        raise click.exceptions.Exit(REFUSED_ROWS)


def _numbers(file: Path) -> Iterator[tuple[int, str]]:
    """Rows as a spreadsheet counts them, and the NIP of each person once. Refused when there is no such column."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"file-unreadable: {file} cannot be read as UTF-8 text; name a CSV file.") from error
    heading = text.partition("\n")[0]
    rows = csv.DictReader(text.splitlines(), delimiter=";" if ";" in heading else ",")
    if "nip" not in (rows.fieldnames or ()):
        raise Refused(f"file-malformed: {file.name} has no column nip; its first row is to name the columns.")
    seen = set()
    for row, said in enumerate(rows, 2):
        number = said["nip"] or ""
        if number not in seen:
            seen.add(number)
            yield row, number


def _digits(nip: str) -> str:
    """The NIP without spaces. Refused when it is none, without repeating it."""
    digits = "".join(nip.split())
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 18):
        raise Refused("nip-malformed: a NIP has 18 digits.")
    return digits


def _names(sender: Sender, employees: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(employees), PAGE):
        answer = sender.get("directory", "/names", ids=employees[start : start + PAGE])
        found |= {each["id"]: each["name"] for each in answer["names"]}
    return found


def _roles(more: list[str]) -> str:
    """As the portal counts them: everybody is staff, but for those who only look."""
    return "auditor" if more == ["auditor"] else " ".join(["staff", *more])


def _password(said: Mapping[str, Any]) -> str:
    return "set" if said["password_set"] else "not set yet"
