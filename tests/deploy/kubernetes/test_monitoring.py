"""What Prometheus' operator and Grafana are given is what `deploy/monitoring` says, and reaches every process once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cli.kubernetes import kubernetes
from deploy.kubernetes.render import render
from deploy.kubernetes.site import Site, sizes
from deploy.services import service_names
from tests.deploy.kubernetes.conftest import Document, Rendered, rendered
from tests.deploy.kubernetes.test_network import connections

_MONITORING = Path(__file__).resolve().parents[3] / "deploy" / "monitoring"
_PROCESSES = {f"{service}-{part}" for service in service_names() for part in ("api", "worker")}


def _compose() -> Document:
    """How the compose file's Prometheus asks the same processes."""
    read: Document = yaml.safe_load((_MONITORING / "prometheus.yml").read_text())
    return read


def _selects(selector: Document, labels: dict[str, str]) -> bool:
    assert selector.keys() == {"matchLabels", "matchExpressions"}
    assert {each["operator"] for each in selector["matchExpressions"]} == {"In"}
    return selector["matchLabels"].items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in selector["matchExpressions"]
    )


def _asked(manifests: Rendered) -> dict[str, list[int]]:
    """The ports at which each pod is asked for metrics by the operator's Prometheus."""
    found: dict[str, list[int]] = {}
    for monitor in manifests.of("PodMonitor"):
        for name, template in manifests.templates().items():
            if _selects(monitor["spec"]["selector"], template["metadata"]["labels"]):
                ports = [port for each in template["spec"]["containers"] for port in each["ports"]]
                wanted = [each["port"] for each in monitor["spec"]["podMetricsEndpoints"]]
                asked = [each["containerPort"] for each in ports if each["name"] in wanted]
                found.setdefault(name, []).extend(asked)
    return found


def _series(monitor: Document, pod: dict[str, str]) -> dict[str, str]:
    """The labels that a pod's series get, as Prometheus relabels."""
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    discovered = {
        "__meta_kubernetes_pod_label_" + "".join(c if c.isalnum() else "_" for c in name): value
        for name, value in pod.items()
    }
    return {
        rule["targetLabel"]: rule.get("replacement") or discovered[rule["sourceLabels"][0]]
        for rule in endpoint["relabelings"]
    }


def test_the_alerts_are_those_that_promtool_checks(manifests: Rendered) -> None:
    [rule] = manifests.of("PrometheusRule")
    assert rule["spec"] == yaml.safe_load((_MONITORING / "alerts.yml").read_text())
    assert rule["spec"]["groups"][0]["rules"]


def test_every_process_is_asked_once_and_no_deploy_step(manifests: Rendered) -> None:
    assert _asked(manifests) == {name: [8000] for name in _PROCESSES}


def test_the_policies_let_prometheus_ask_every_process() -> None:
    manifests = rendered("kecil")
    opened = set(connections(manifests))
    assert {("monitoring", name, port) for name, ports in _asked(manifests).items() for port in ports} <= opened


def test_series_are_labelled_as_alerts_and_dashboards_ask_for_them(manifests: Rendered) -> None:
    [monitor] = manifests.of("PodMonitor")
    [job] = [each for each in _compose()["scrape_configs"] if each["job_name"] == "kinerja"]
    for name in _PROCESSES:
        service, part = name.rsplit("-", 1)
        pod = manifests.templates()[name]["metadata"]["labels"]
        series = _series(monitor, pod)
        assert series == {"service": service, "part": part, "job": job["job_name"]}
        assert series.keys() - {"job"} == {each["target_label"] for each in job["relabel_configs"]}
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["interval"] == _compose()["global"]["scrape_interval"]


def test_every_dashboard_is_there_for_the_sidecar_under_a_name_of_its_own(manifests: Rendered) -> None:
    found: dict[str, Any] = {}
    for each in manifests.of("ConfigMap"):
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
        found |= {name: json.loads(text) for name, text in each["data"].items()}
    written = (_MONITORING / "dashboards").glob("*.json")
    assert found == {f"kinerja-{path.name}": json.loads(path.read_text()) for path in written}
    assert len(found) == len(manifests.of("ConfigMap")) == 3


def test_no_process_is_asked_a_second_time_because_of_annotations() -> None:
    assert not [pod for pod in rendered("kecil").templates().values() if "annotations" in pod["metadata"]]


def test_a_cluster_without_the_operator_gets_nothing_of_it_and_pods_that_say_where_to_ask() -> None:
    files = render(Site(size=sizes()["kecil"], prometheus_operator=False))
    everything = [document for documents in files.values() for document in documents]
    assert not [each for each in everything if each.get("apiVersion", "").startswith("monitoring.coreos.com")]
    said = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["annotations"]
        for each in everything
        if each.get("kind") == "Deployment"
    }
    asked = {"prometheus.io/scrape": "true", "prometheus.io/port": "8000", "prometheus.io/path": "/metrics"}
    assert said == dict.fromkeys(_PROCESSES, asked)
    assert "5-dashboards.yaml" in files


def test_the_command_leaves_the_operator_out_by_one_option_and_labels_what_is_for_it(tmp_path: Path) -> None:
    written = _command(tmp_path / "with", "--monitoring-label", "release=monitoring", "--monitoring-label", "a.b/c=d")
    for each in yaml.safe_load_all(written["4-monitoring.yaml"]):
        assert {"release": "monitoring", "a.b/c": "d"}.items() <= each["metadata"]["labels"].items()
    written = _command(tmp_path / "without", "--no-prometheus-operator")
    assert "4-monitoring.yaml" not in written
    assert "monitoring.coreos.com" not in "".join(written.values())


def _command(out: Path, *options: str) -> dict[str, str]:
    """The files that `kinerja kubernetes render` writes with these options."""
    done = CliRunner().invoke(kubernetes, ["render", "--size", "kecil", "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    return {path.name: path.read_text() for path in out.rglob("*.yaml")}


@pytest.mark.parametrize("label", ["release", "=x", "release=", "a=b=c", "release=mon itoring"])
def test_a_label_that_is_none_is_wrong_usage(label: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        kubernetes, ["render", "--size", "kecil", "--out", str(tmp_path), "--monitoring-label", label]
    )
    assert done.exit_code == 2
    assert "release=monitoring" in done.output


def test_the_alert_of_disks_knows_the_volumes_of_every_server(manifests: Rendered) -> None:
    [rule] = manifests.of("PrometheusRule")
    [written] = [each["expr"] for each in rule["spec"]["groups"][0]["rules"] if each["alert"] == "DiskFills"]
    [pattern] = set(re.findall(r'persistentvolumeclaim=~"([^"]+)"', written))
    servers = [each["metadata"]["name"] for each in manifests.of("Cluster")]
    claims = [f"{server}-3{kind}" for server in servers for kind in ("", "-wal")]  # as the operator names them
    claims += [f"{manifests.nats['fullnameOverride']}-js-nats-{number}" for number in range(3)]  # and the chart
    assert [claim for claim in claims if not re.fullmatch(pattern, claim)] == []
