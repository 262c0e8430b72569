"""The deploy steps of one service, each a Job that is done before the new version starts."""

from deploy.kubernetes.pod import database, files, nats, template
from deploy.kubernetes.site import NODES, Document, Site, labels, metadata
from deploy.nats.access import ADMIN

_LONGEST_SECONDS = 1800
_KEPT_SECONDS = 7 * 24 * 3600


def steps(site: Site, service: str) -> list[Document]:
    """Migrations as the database's owner, whose lock timeouts are its own; streams and durables as NATS's admin. Before
    both, who the pods of the service are."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(service),
        "automountServiceAccountToken": False,
    }
    size = ["--replicas", str(NODES), "--max-gigabytes", str(site.size.nats.stream_gigabytes)]
    return [
        account,
        _job(site, service, "migrate", ["migrate", service], database(site, service, "owner"), "postgres"),
        _job(site, service, "streams", ["streams", "apply", service, *size], nats(ADMIN), "nats"),
    ]


def _job(site: Site, service: str, step: str, args: list[str], env: list[Document], *seen: str) -> Document:
    resources = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}}
    container: Document = {"image": site.image("ops"), "args": args, "env": env, "resources": resources}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(site.step(service, step), labels(service, step)),
        "spec": {
            # Again and again while a table stays in use, or a stream that it hears is not declared yet.
            "backoffLimit": 10,
            "activeDeadlineSeconds": _LONGEST_SECONDS,
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": template(service, step, container, files(site, service, *seen), restartPolicy="Never"),
        },
    }
