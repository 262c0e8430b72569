"""`kinerja kubernetes`: the manifests for a cluster."""

import re
from pathlib import Path
from typing import Any

import click

from cli.system import Refused
from deploy.kubernetes.site import Site, sizes
from shared.runtime import VERSION

_LABEL = "By which Prometheus' operator knows what is meant for it, such as release=monitoring; again for more."


def _labels(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE as a label of Kubernetes."""
    for each in given:
        if not re.fullmatch(r"[A-Za-z0-9][\w./-]*=[A-Za-z0-9][\w.-]{0,62}", each, re.ASCII):
            raise click.BadParameter(f"{each!r} is to be KEY=VALUE, such as release=monitoring.")
    return dict(each.split("=", 1) for each in given)


@click.group()
def kubernetes() -> None:
    """The manifests for a Kubernetes cluster."""


@kubernetes.command()
@click.option(
    "--size", required=True, type=click.Choice(list(sizes())), help="How large: see deploy/kubernetes/sizes.yaml."
)
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where the files go.")
@click.option("--images", default="", help="Registry and folder of the images.", show_default="none")
@click.option("--tag", default=VERSION, show_default=True, help="Version of the images.")
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
@click.option("--backups", default="s3://kinerja-backups", show_default=True, help="Where PostgreSQL's backups go.")
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
