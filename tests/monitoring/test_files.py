"""Alerts, dashboards and what Prometheus is told to look at, as files."""

import re
import subprocess

import pytest
import yaml

from deploy.monitoring.dashboards import files
from deploy.services import service_names
from tests.monitoring.conftest import FOLDER, tool

_ROOT = FOLDER.parents[1]


@pytest.mark.parametrize("checked", [("rules", "alerts.yml"), ("config", "prometheus.yml"), ("config", "embedded.yml")])
def test_promtool_accepts_it(checked: tuple[str, str]) -> None:
    kind, name = checked
    done = subprocess.run(
        [tool("promtool"), "check", kind, name], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_only_then() -> None:
    command = [tool("promtool"), "test", "rules", "alerts_test.yml"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried_and_leads_to_its_section_of_the_runbook() -> None:
    [group] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    tried = {
        test["alertname"]
        for case in yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
        for test in case["alert_rule_test"]
        if test.get("exp_alerts")
    }
    assert tried == {rule["alert"] for rule in group["rules"]}
    for rule in group["rules"]:
        page, anchor = rule["annotations"]["runbook_url"].split("#")
        titles = re.findall(r"^## (.+)$", (_ROOT / page).read_text(), re.MULTILINE)
        assert anchor in {title.lower().replace(" ", "-") for title in titles}
        assert anchor == rule["alert"].lower()


def test_the_dashboards_are_what_the_code_says() -> None:
    written = files()
    assert {path: path.read_text() for path in written} == written


def test_prometheus_looks_at_every_service_of_the_compose_file() -> None:
    jobs = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    [names] = [job["dns_sd_configs"][0]["names"] for job in jobs if job["job_name"] == "kinerja"]
    compose = yaml.safe_load((_ROOT / "docker-compose.yml").read_text())["services"]
    expected = {f"{service}-{part}" for service in service_names() for part in ("api", "worker")}
    assert set(names) == expected
    assert expected <= set(compose)
