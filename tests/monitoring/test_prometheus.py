"""Dashboards and alerts asked of a Prometheus that looked at the running system."""

import json

import pytest

from deploy.monitoring.dashboards import DASHBOARDS, FOLDER, Panel
from deploy.services import service_names
from tests.monitoring.conftest import Prometheus
from tests.watching.day import Day

#: What has no line while nothing of the kind happened.
_MAY_BE_EMPTY = {"Answers that were our fault", "Requests refused or failed", "Dead letters"}


@pytest.mark.parametrize(
    ("name", "panel"),
    [
        pytest.param(name, panel, id=f"{name}: {panel.title}")
        for name, (_, panels) in DASHBOARDS.items()
        for panel in panels
    ],
)
def test_every_query_of_a_dashboard_has_an_answer(prometheus: Prometheus, name: str, panel: Panel) -> None:
    written = {each["title"]: each for each in json.loads((FOLDER / f"{name}.json").read_text())["panels"]}[panel.title]
    for target in written["targets"]:
        query = target["expr"].replace("$__rate_interval", "1m").replace("$service", "appraisal")
        series = prometheus.query(query)
        assert series or panel.title in _MAY_BE_EMPTY, query
        assert "$" not in query
        for line in series:
            for label in target["legendFormat"].split("{{")[1:]:
                assert label.split("}}")[0] in line["metric"], f"{query} has nothing to call its lines"


def test_the_figures_are_those_of_the_day(prometheus: Prometheus, day: Day) -> None:
    up = {
        line["metric"]["service"]: line["value"][1] for line in prometheus.query('sum by (service) (up{job="kinerja"})')
    }
    assert up == dict.fromkeys(service_names(), "1")
    [recorded] = prometheus.query('kinerja_commands_total{service="activity",record="entry",outcome="recorded"}')
    assert recorded["value"][1] == "5"


def test_every_alert_can_be_judged_and_none_is_firing(prometheus: Prometheus) -> None:
    [group] = prometheus.get("/rules")["groups"]
    assert {rule["name"]: rule["lastError"] for rule in group["rules"] if rule.get("lastError")} == {}
    assert {rule["health"] for rule in group["rules"]} == {"ok"}
    assert [rule["name"] for rule in group["rules"] if rule["state"] == "firing"] == []


def test_what_an_alert_asks_for_is_told_by_the_system(prometheus: Prometheus) -> None:
    """A rule over a metric that nobody tells would be silent for ever. Disks are told by the node exporter."""
    [group] = prometheus.get("/rules")["groups"]
    known = set(prometheus.get("/label/__name__/values"))
    for rule in group["rules"]:
        words = set(rule["query"].replace("(", " ").replace("{", " ").replace("[", " ").replace(")", " ").split())
        asked = {word for word in words if word.startswith("kinerja_") or word == "up"}
        assert asked or rule["name"] == "DiskFills"
        assert asked <= known, rule["name"]
