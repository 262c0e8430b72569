"""All manifests of a site as files, in the order in which they are applied."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.kubernetes.monitoring import dashboards, monitoring
from deploy.kubernetes.network import network
from deploy.kubernetes.required import required
from deploy.kubernetes.servers import nats, postgres
from deploy.kubernetes.service import running
from deploy.kubernetes.site import Document, Site
from deploy.kubernetes.steps import steps
from deploy.services import load, service_names

NATS_VALUES = "nats-values.yaml"
REQUIRED = "required.yaml"


def render(site: Site) -> dict[str, list[Document]]:
    """Documents by file name. `nats-values.yaml` is for Helm and `required.yaml` for people; all others are applied."""
    services = [load(name) for name in service_names()]
    names = [service.name for service in services]
    files = {
        "1-namespace.yaml": [_namespace(site)],
        "2-network.yaml": network(site, services),
        "3-postgres.yaml": postgres(site, names),
        **({"4-monitoring.yaml": monitoring(site)} if site.prometheus_operator else {}),
        "5-dashboards.yaml": dashboards(),
        NATS_VALUES: [nats(site, names)],
        REQUIRED: [required(site, names)],
    }
    for service in services:
        files[f"{service.name}/1-steps.yaml"] = steps(site, service.name)
        files[f"{service.name}/2-run.yaml"] = running(site, service)
    for name, documents in files.items():
        if name not in ("1-namespace.yaml", NATS_VALUES, REQUIRED):
            for document in documents:
                document["metadata"]["namespace"] = site.namespace
    return files


def write(files: Mapping[str, Iterable[Document]], out: Path) -> list[Path]:
    """Write them below `out`; returns what was written."""
    written = []
    for name, documents in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.dump_all(documents, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True))
        written.append(path)
    return written


class _Plain(yaml.SafeDumper):
    """Writes every value out, also one that stands in two places, and texts of several lines as lines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Nothing is lost by it: where lines cannot carry the text, the dumper falls back to quotes."""
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Plain.add_representer(str, _Plain.represent_str)


def _namespace(site: Site) -> Document:
    kept = {"app.kubernetes.io/part-of": "kinerja", "pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": site.namespace, "labels": kept}}
