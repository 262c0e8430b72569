"""`kinerja kubernetes`: the manifests for a cluster."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli.system import Refused
from deploy.kubernetes.site import Site, sizes
from shared.runtime import VERSION

_file = click.Path(dir_okay=False, path_type=Path)
_LABEL = "By which Prometheus' operator knows what is meant for it, such as release=monitoring; again for more."


def _labels(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE as a label of Kubernetes."""
    for each in given:
        if not re.fullmatch(r"[A-Za-z0-9][\w./-]*=[A-Za-z0-9][\w.-]{0,62}", each, re.ASCII):
            raise click.BadParameter(f"{each!r} is to be KEY=VALUE, such as release=monitoring.")
    return dict(each.split("=", 1) for each in given)


def _like(pattern: str, example: str) -> Callable[[click.Context, click.Parameter, str], str]:
    """Only what a cluster would accept, or nothing."""

    def check(context: click.Context, option: click.Parameter, given: str) -> str:
        if given and not re.fullmatch(pattern, given, re.ASCII):
            raise click.BadParameter(f"{given!r} is to be written like {example}.")
        return given

    return check


_image = _like(r"[a-z0-9][a-z0-9.:-]*(/[a-z0-9][a-z0-9._-]*)*/?", "registry.kota.go.id/kinerja")
_tag = _like(r"\w[\w.-]{0,127}", "0.2.0")
_bucket = _like(r"s3://[a-z0-9][a-z0-9.-]+(/[\w./-]*)?", "s3://kinerja-backups")


@click.group()
def kubernetes() -> None:
    """The manifests for a Kubernetes cluster."""


@kubernetes.command()
@click.option(
    "--size", required=True, type=click.Choice(list(sizes())), help="How large: see deploy/kubernetes/sizes.yaml."
)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the files go.")
@click.option("--images", default="", callback=_image, help="Registry and folder of the images.", show_default="none")
@click.option("--tag", default=VERSION, callback=_tag, show_default=True, help="Version of the images.")
@click.option("--namespace", default="kinerja", show_default=True, help="Where everything runs.")
@click.option("--ingress-namespace", default="ingress", show_default=True, help="From where requests come in.")
@click.option("--monitoring-namespace", default="monitoring", show_default=True, help="Where Prometheus runs.")
@click.option(
    "--prometheus-operator/--no-prometheus-operator",
    default=True,
    show_default=True,
    help="Whether the cluster has it.",
)
@click.option("--monitoring-label", multiple=True, callback=_labels, metavar="KEY=VALUE", help=_LABEL)
@click.option("--keda-namespace", default="keda", show_default=True, help="Where KEDA runs.")
@click.option(
    "--backups",
    default="s3://kinerja-backups",
    callback=_bucket,
    show_default=True,
    help="Where PostgreSQL's backups go.",
)
@click.option("--mail-port", default=587, show_default=True, type=click.IntRange(1, 65535), help="Of the mail server.")
@click.option("--postgres-image", default="", help="PostgreSQL 18 for the operator.", show_default="the operator's own")
@click.option("--nats", type=click.Path(exists=True, path_type=Path), help="Description of NATS, for its subscribers.")
def render(size: str, out: Path, nats: Path | None, monitoring_label: dict[str, str], **chosen: Any) -> None:
    """Write all manifests below OUT: what to apply first, each service in a folder of its own.

    Nothing secret is in them; required.yaml lists what has to be in the cluster before.

    Example: kinerja kubernetes render --size sedang --images registry.kota.go.id/kinerja --tag 0.2.0 --out manifests
    """
    from deploy.kubernetes.render import render as rendered  # imports every service
    from deploy.kubernetes.render import write
    from deploy.nats.description import DescriptionRefused, load
    from deploy.nats.inside import taken

    try:
        subscribers = load(nats, taken()).subscribers if nats else {}
    except DescriptionRefused as error:
        raise Refused(str(error)) from error
    site = Site(size=sizes()[size], subscribers=subscribers, monitoring_labels=monitoring_label, **chosen)
    for path in write(rendered(site), out):
        click.echo(path)


@kubernetes.command("portal-key")
@click.option("--out", default="key.pem", show_default=True, type=_file, help="Where the private key goes.")
@click.option("--jwks", default="jwks.json", show_default=True, type=_file, help="The issuers' public keys.")
def portal_key(out: Path, jwks: Path) -> None:
    """Make the key with which the portal signs tokens, and add its public half to the JWKS document.

    A key that is there is never replaced. To change it make another one under another name, bring the document to the
    cluster first, and take the old public half away when no token signed with it is left, five minutes later.

    Example: kinerja kubernetes portal-key --out key.pem --jwks jwks.json
    """
    from deploy.embedded.data import Data
    from shared.web.development import new_signing_key
    from shared.web.signing import public_key

    if out.exists():
        raise Refused(f"{out} is there already; name another file with --out.")
    try:
        document = json.loads(jwks.read_text()) if jwks.exists() else {"keys": []}
        document["keys"].append(public_key(key := new_signing_key()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{jwks} is no JWKS document; mend it, or name another with --jwks.") from error
    Data.write(out, key.decode())
    jwks.write_text(json.dumps(document, indent=1))
    click.echo(f"{out}: the secret kinerja-portal-key; {jwks}: the config map kinerja-token-keys")
