"""`kinerja token`: a development token."""

from datetime import timedelta
from uuid import UUID

import click

from cli.system import data_option, mint
from deploy.embedded.data import Data
from shared.web.tokens import Role


@click.command()
@data_option
@click.option("--instansi", required=True, help="The agency it is valid in.")
@click.option("--employee", type=click.UUID, help="The employee's id; none for a system.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="May be repeated.",
)
@click.option("--hours", default=12, show_default=True, type=click.IntRange(1, 720), help="How long it is valid.")
def token(data: Data, instansi: str, employee: UUID | None, roles: tuple[str, ...], hours: int) -> None:
    """Print a development token, which only the embedded system accepts.

    Example: kinerja token --instansi medan --employee 01920000-0000-7000-8000-000000000001 --role staff
    """
    if Role.STAFF in roles and employee is None:
        raise click.UsageError("The role staff needs --employee.")
    click.echo(mint(data, instansi, roles, employee, timedelta(hours=hours)))
