"""Grafana dashboards as code: `python -m deploy.monitoring.dashboards` writes them beside this file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "dashboards"
_WIDTH, _HEIGHT, _COLUMNS = 12, 8, 2


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph: its title, the unit as Grafana names it, and queries by what their lines are called."""

    title: str
    unit: str
    queries: dict[str, str]


def _rate(metric: str, *by: str, where: str = "") -> str:
    return f"sum by ({', '.join(by)}) (rate({metric}{{{where}}}[$__rate_interval]))"


def _quantile(share: float, metric: str, *by: str, where: str = "") -> str:
    return f"histogram_quantile({share}, {_rate(f'{metric}_bucket', *by, 'le', where=where)})"


def _once(metric: str, *by: str, where: str = "") -> str:
    """What all processes of a service read in one database."""
    return f"max by ({', '.join(by)}) ({metric}{{{where}}})"


_REQUESTS, _MINE, _FAILED = "kinerja_http_seconds_count", 'service="$service"', 'status="5xx"'

DASHBOARDS: dict[str, tuple[str, Sequence[Panel]]] = {
    "overview": (
        "Kinerja: overview",
        [
            Panel("Services that answer", "none", {"{{service}}": 'sum by (service) (up{job="kinerja"})'}),
            Panel("What keeps workers from their work", "none", {"{{service}}": _once("kinerja_problems", "service")}),
            Panel("Requests", "reqps", {"{{service}}": _rate(_REQUESTS, "service")}),
            Panel("Answers that were our fault", "reqps", {"{{service}}": _rate(_REQUESTS, "service", where=_FAILED)}),
            Panel(
                "95 of 100 requests took at most",
                "s",
                {"{{service}}": _quantile(0.95, "kinerja_http_seconds", "service")},
            ),
            Panel("Oldest message not sent", "s", {"{{service}}": _once("kinerja_outbox_age_seconds", "service")}),
            Panel("Messages not heard yet", "none", {"{{durable}}": _once("kinerja_consumer_lag", "durable")}),
            Panel("Dead letters", "none", {"{{durable}}": _once("kinerja_dead_letters", "durable")}),
            Panel(
                "Memory", "bytes", {"{{service}}": 'sum by (service) (process_resident_memory_bytes{job="kinerja"})'}
            ),
            Panel("Versions", "none", {"{{service}} {{version}}": "sum by (service, version) (kinerja_build_info)"}),
        ],
    ),
    "service": (
        "Kinerja: one service",
        [
            Panel(
                "Requests by route", "reqps", {"{{method}} {{route}}": _rate(_REQUESTS, "method", "route", where=_MINE)}
            ),
            Panel("Requests by status", "reqps", {"{{status}}": _rate(_REQUESTS, "status", where=_MINE)}),
            Panel(
                "How long requests take",
                "s",
                {f"{share:.0%}": _quantile(share, "kinerja_http_seconds", where=_MINE) for share in (0.5, 0.95, 0.99)},
            ),
            Panel(
                "Commands",
                "ops",
                {"{{record}} {{outcome}}": _rate("kinerja_commands_total", "record", "outcome", where=_MINE)},
            ),
            Panel(
                "Outbox",
                "none",
                {
                    "waiting": _once("kinerja_outbox_rows", "service", where=_MINE),
                    "refused": _once("kinerja_outbox_parked", "service", where=_MINE),
                },
            ),
            Panel("Messages sent", "ops", {"sent": _rate("kinerja_relay_published_total", "service", where=_MINE)}),
            Panel("Messages handled", "ops", {"{{durable}}": _rate("kinerja_batch_size_sum", "durable", where=_MINE)}),
            Panel(
                "95 of 100 batches took at most",
                "s",
                {"{{durable}}": _quantile(0.95, "kinerja_handler_seconds", "durable", where=_MINE)},
            ),
            Panel(
                "Database connections",
                "none",
                {
                    "{{role}} in use": f"sum by (role) (kinerja_pool_in_use{{{_MINE}}})",
                    "{{role}} at most": f"sum by (role) (kinerja_pool_limit{{{_MINE}}})",
                },
            ),
            Panel("Database", "bytes", {"size": _once("kinerja_database_bytes", "service", where=_MINE)}),
        ],
    ),
    "deadline": (
        "Kinerja: the last hours of a month",
        [
            Panel(
                "Entries recorded",
                "ops",
                {"{{outcome}}": _rate("kinerja_commands_total", "outcome", where='record="entry"')},
            ),
            Panel(
                "Requests refused or failed",
                "reqps",
                {"{{status}}": _rate(_REQUESTS, "status", where='status=~"4xx|5xx"')},
            ),
            Panel(
                "99 of 100 requests took at most",
                "s",
                {"{{service}}": _quantile(0.99, "kinerja_http_seconds", "service")},
            ),
            Panel("Messages to the road, waiting", "none", {"{{service}}": _once("kinerja_outbox_rows", "service")}),
            Panel(
                "Share of the outbox's room that is used",
                "percentunit",
                {
                    "{{service}}": f"{_once('kinerja_outbox_rows', 'service')} / {_once('kinerja_outbox_limit', 'service')}"
                },
            ),
            Panel(
                "Entries that scores do not show yet",
                "none",
                {"behind": _once("kinerja_consumer_lag", "durable", where='durable="appraisal--activity--entries"')},
            ),
            Panel(
                "Scores and ratings sent",
                "ops",
                {"sent": _rate("kinerja_relay_published_total", "service", where='service="appraisal"')},
            ),
            Panel("Mails", "ops", {"{{outcome}}": _rate("kinerja_mails_total", "outcome")}),
            Panel(
                "Periods whose closing waits",
                "none",
                {"waiting": _once("kinerja_periods_waiting", "service", where='service="appraisal"')},
            ),
            Panel(
                "Database connections in use",
                "none",
                {"{{service}} {{role}}": "sum by (service, role) (kinerja_pool_in_use)"},
            ),
        ],
    ),
}


def dashboard(name: str) -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    title, panels = DASHBOARDS[name]
    variables: list[dict[str, Any]] = [
        {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}
    ]
    if name == "service":
        query = {"type": "query", "query": "label_values(kinerja_build_info, service)", "refresh": 2}
        variables.append({"name": "service", "datasource": {"type": "prometheus", "uid": "${source}"}} | query)
    return {
        "uid": f"kinerja-{name}",
        "title": title,
        "tags": ["kinerja"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {"list": variables},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend}
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def files() -> dict[Path, str]:
    """What is to stand below `dashboards/`, by path."""
    return {FOLDER / f"{name}.json": json.dumps(dashboard(name), indent=1) + "\n" for name in DASHBOARDS}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, content in files().items():
        path.write_text(content)
