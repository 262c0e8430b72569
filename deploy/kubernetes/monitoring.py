"""What Prometheus' operator and Grafana are given: the scrape settings, alerts and dashboards of `deploy/monitoring`."""

from typing import Any

import yaml

from deploy.kubernetes.site import Document, Site, metadata
from deploy.monitoring.dashboards import FOLDER, files

#: The label of a pod, by the label that it becomes on every series of the pod.
_LABELS = {"service": "app.kubernetes.io/name", "part": "app.kubernetes.io/component"}
#: By which Grafana's sidecar knows a dashboard, unless it is told otherwise.
_DASHBOARD = {"grafana_dashboard": "1"}


def monitoring(site: Site) -> list[Document]:
    """For the operator: whom to ask for metrics, and the alerts as they stand in the file that promtool checks."""
    scraped = _read("prometheus.yml")
    [job] = [each["job_name"] for each in scraped["scrape_configs"] if "dns_sd_configs" in each]
    asked: Document = {"port": "http", "path": "/metrics", "interval": scraped["global"]["scrape_interval"]}
    asked["relabelings"] = [
        *({"sourceLabels": [_discovered(pods)], "targetLabel": label} for label, pods in _LABELS.items()),
        {"targetLabel": "job", "replacement": job},
    ]
    running = {"key": _LABELS["part"], "operator": "In", "values": ["api", "worker"]}
    selected = {"matchLabels": {"app.kubernetes.io/part-of": "kinerja"}, "matchExpressions": [running]}
    return [
        _document(site, "PodMonitor", {"selector": selected, "podMetricsEndpoints": [asked]}),
        _document(site, "PrometheusRule", {"groups": _read("alerts.yml")["groups"]}),
    ]


def dashboards() -> list[Document]:
    """For Grafana's sidecar, which puts the files of all namespaces into one folder: their names say whose they are."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(f"kinerja-dashboard-{path.stem}", _DASHBOARD),
            "data": {f"kinerja-{path.name}": content},
        }
        for path, content in files().items()
    ]


def _document(site: Site, kind: str, spec: Document) -> Document:
    head = metadata("kinerja", site.monitoring_labels)
    return {"apiVersion": "monitoring.coreos.com/v1", "kind": kind, "metadata": head, "spec": spec}


def _discovered(label: str) -> str:
    """What Prometheus calls a pod's label before it is made a label of series."""
    return "__meta_kubernetes_pod_label_" + label.replace(".", "_").replace("/", "_").replace("-", "_")


def _read(name: str) -> Any:
    return yaml.safe_load((FOLDER.parent / name).read_text())
