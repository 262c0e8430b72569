"""`kinerja nats`: the servers' configuration out of one description."""

from pathlib import Path

import click

from deploy.nats.description import load
from deploy.nats.inside import inside, taken
from deploy.nats.render import CLIENTS, PASSWORDS
from deploy.nats.render import render as write


@click.group()
def nats() -> None:
    """The NATS servers: one, or a cluster."""


@nats.command()
@click.argument("description", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write to.")
@click.option(
    "--rotate", multiple=True, metavar="USER", help="Give this user a new password; may be said more than once."
)
def render(description: Path, out: Path, rotate: tuple[str, ...]) -> None:
    """Write what DESCRIPTION says: a configuration for each node, the passwords, and a file for each user.

    Passwords that are in the folder stay. Running servers take over a new configuration on SIGHUP, without a restart.

    Example: kinerja nats render deploy/nats/example.yaml --out nats
    """
    said = load(description, taken())
    write(said, inside(), out, rotate)
    for node in said.nodes:
        click.echo(f"{out / node.name}.conf: for the node {node.name}, with {PASSWORDS} beside it")
    click.echo(f"{out / CLIENTS}: what each user needs to connect; keep it as secret as {PASSWORDS}")
