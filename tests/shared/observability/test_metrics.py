"""Metrics: their names are a promise to dashboards and alarms, written down for whoever makes those."""

import re
from pathlib import Path

from prometheus_client import REGISTRY, generate_latest
from prometheus_client.metrics import MetricWrapperBase

import shared.observability.metrics as metrics

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "observe.md"
_ROW = re.compile(r"^\| `(kinerja_\w+)` \| (\w+) \|([^|]*)\| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def promised() -> dict[str, tuple[str, set[str]]]:
    """Kind and labels of each metric by its name, as the page for operators says."""
    return {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in _ROW.findall(_PAGE.read_text())}


def test_every_metric_has_its_promised_name_kind_and_labels() -> None:
    lines = generate_latest(REGISTRY).decode().splitlines()
    kinds = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE kinerja_"))
    defined = {
        f"{metric._name}_total" if metric._type == "counter" else metric._name: set(metric._labelnames)
        for metric in vars(metrics).values()
        if isinstance(metric, MetricWrapperBase)
    }
    exposed = {name: (kind, defined[name]) for name, kind in kinds.items() if not name.endswith("_created")}
    assert exposed == promised()


def test_a_batch_is_counted_under_its_durable() -> None:
    before = REGISTRY.get_sample_value("kinerja_batch_size_sum", {"durable": "metrics-test"}) or 0.0
    metrics.BATCH_SIZE.labels("metrics-test").observe(7)
    assert REGISTRY.get_sample_value("kinerja_batch_size_sum", {"durable": "metrics-test"}) == before + 7
