"""`kinerja erase-person`: names, numbers, contacts and texts of somebody who has left, out of every service."""

import time
from uuid import UUID

import click

from cli.importing.sender import HEARD_SECONDS, Sender, checked, problem_of
from cli.system import CODE, data_option, find
from deploy.embedded.data import Data

#: Services in which people write texts.
_WRITTEN_IN = ("activity", "appraisal", "training")


@click.command()
@data_option
@click.argument("employee", type=click.UUID)
@click.option("--instansi", "code", type=CODE, required=True, help="The agency.")
@click.option("--purpose", required=True, help="Why, as a code that is kept, such as retention-over or request.")
@click.confirmation_option(prompt="Names, numbers, contacts and texts of this person cannot be brought back. Erase?")
def erase_person(data: Data, employee: UUID, code: str, purpose: str) -> None:
    """Erase what says who EMPLOYEE is, and the words they wrote or that stand in records about them.

    The person must have been set inactive. Facts, numbers and dates stay under the opaque id: every score still explains
    itself. Who did it, when and why is kept. Broken off, run it again; again it changes nothing.

    Example: kinerja erase-person 0197a000-0000-7000-8000-000000000007 --instansi kota-medan --purpose request
    """
    system = find(data)
    sender = Sender(system, code, system.token(code, ["system", "hr"]))
    if sender.get("directory", f"/employees/{employee}")["active"]:
        raise click.ClickException("still-active: set the person inactive first; see docs/how-to/erase-a-person.md.")
    for service in _WRITTEN_IN:
        click.echo(f"{service}: {_texts(sender, service, employee)} texts erased")
    told = checked(sender.call("POST", "directory", f"/employees/{employee}/erase", {"purpose": purpose}))
    click.echo(f"directory: {told['status']}")


def _texts(sender: Sender, service: str, employee: UUID) -> int:
    """Patiently: a service hears a moment later that somebody has left."""
    until = time.monotonic() + HEARD_SECONDS
    while True:
        answer = sender.call("POST", service, f"/employees/{employee}/erase-texts")
        if problem_of(answer).get("code") not in ("still-active", "unknown-employee") or time.monotonic() > until:
            return int(checked(answer)["texts"])
        time.sleep(0.5)
