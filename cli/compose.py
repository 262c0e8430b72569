"""`kinerja compose`: what the compose file needs, and the compose file itself."""

import os
from pathlib import Path

import click

from cli.system import chosen_folder
from deploy.compose.render import files
from deploy.compose.secrets import PORTAL_ISSUER, PORTAL_KEYS, prepare, variable, variables
from deploy.nats.description import Description, Node, load
from deploy.nats.inside import taken
from deploy.services import service_names


@click.group()
def compose() -> None:
    """The whole system in containers on one machine."""


@compose.command()
@click.option(
    "--env",
    default=".env",
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Compose's variables.",
)
@click.option(
    "--secrets", default="./secrets", show_default=True, help="Folder of passwords and keys; keep it to yourself."
)
@click.option("--issuer", default="", help="Who signs tokens.", show_default="we ourselves: for trials")
@click.option("--jwks", default="", help="Address of the issuer's keys; goes with --issuer.")
@click.option("--cluster", is_flag=True, help="Three NATS nodes instead of one.")
@click.option(
    "--nats",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Description of NATS, for its subscribers.",
)
@click.option(
    "--rotate",
    multiple=True,
    metavar="SERVICE",
    help="New passwords for this service, for the portal also its key; again for more.",
)
def init(
    env: Path, secrets: str, issuer: str, jwks: str, cluster: bool, nats: Path | None, rotate: tuple[str, ...]
) -> None:
    """Write the secrets and variables that docker-compose.yml needs. Run it again after a service was added: what is there stays.

    Without --issuer, now or before, the system signs its own tokens (`kinerja token`), which is for trials. To go back to
    that take KINERJA_ISSUERS out of .env.

    Example: kinerja compose init --issuer https://sso.kota.go.id --jwks https://sso.kota.go.id/jwks.json
    """
    if bool(issuer) != bool(jwks):
        raise click.UsageError("--issuer and --jwks go together: who signs, and with which keys.")
    names = ("nats", "nats-2", "nats-3") if cluster else ("nats",)
    said = load(nats, taken()) if nats else Description()
    description = said.model_copy(update={"nodes": [Node(name=name, host=name) for name in names]})
    issuers = _beside(PORTAL_ISSUER, issuer or variable(env, "KINERJA_ISSUERS"))
    folder = chosen_folder(click.get_current_context(), Path(secrets), "--secrets")
    prepare(folder, description, rotate, trial=not issuers)
    text = variables(
        env,
        {
            "KINERJA_SECRETS": secrets,
            "KINERJA_UID": str(os.getuid()),
            "KINERJA_GID": str(os.getgid()),
            "KINERJA_ENVIRONMENT": "" if issuers else "embedded",
            "KINERJA_ISSUERS": issuers,
            "KINERJA_JWKS": _beside(PORTAL_KEYS, jwks or variable(env, "KINERJA_JWKS")) if issuers else "",
        },
    )
    env.touch(mode=0o600)
    env.write_text(text)
    click.echo(f"{secrets}: passwords and keys; {env}: where they are. Start with `docker compose up -d`.")


def _beside(ours: str, others: str) -> str:
    """What is ours and what others are trusted for, with commas between; nothing where there is nobody else."""
    theirs = [each.strip() for each in others.split(",") if each.strip() not in ("", ours)]
    return ",".join([ours, *theirs] if theirs else [])


@compose.command()
def render() -> None:
    """Write docker-compose.yml anew, after a service was added or removed."""
    for path, text in files(service_names()).items():
        path.write_text(text)
        click.echo(path)
