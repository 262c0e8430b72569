"""What a service's processes did between two looks at their metrics."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Look:
    """The metrics of one process at a moment (seconds of a clock that only goes on), by name."""

    text: str
    at: float = field(default_factory=time.monotonic)
    samples: dict[str, list[tuple[Labels, float]]] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for family in text_string_to_metric_families(self.text):
            for sample in family.samples:
                found[sample.name].append((sample.labels, sample.value))
        object.__setattr__(self, "samples", found)

    def by(self, name: str, label: str) -> dict[str, float]:
        """The sum of a metric for each value of a label; a metric without that label stands under the empty text."""
        sums: dict[str, float] = defaultdict(float)
        for labels, value in self.samples.get(name, ()):
            sums[labels.get(label, "")] += value
        return sums


def grown(before: Look, now: Look, name: str, label: str = "") -> dict[str, float]:
    """By how much a counter grew a second, for each value of `label`; one that began anew grew from 0."""
    old, seconds = before.by(name, label), max(now.at - before.at, 1e-9)
    return {
        key: (value - (old[key] if old.get(key, 0) <= value else 0)) / seconds
        for key, value in now.by(name, label).items()
    }


def quantile(share: float, buckets: Mapping[str, float]) -> float | None:
    """The `share` quantile of a histogram's cumulative `buckets` (by upper bound), linear within one as Prometheus does.

    None without observations; above the last finite bound that bound.
    """
    bounds = sorted((float(bound), count) for bound, count in buckets.items())
    if not bounds or not bounds[-1][1]:
        return None
    wanted = share * bounds[-1][1]
    lower, below = 0.0, 0.0
    for bound, count in bounds:
        if count >= wanted and count > below:
            return lower if bound == float("inf") else lower + (bound - lower) * (wanted - below) / (count - below)
        lower, below = bound, count
    raise AssertionError("the last bucket holds everything")


def service(pairs: Sequence[tuple[Look, Look]]) -> dict[str, Any]:
    """What a service did a second between two looks at each of its processes, and how it does now.

    What all processes read in one database (waiting messages, lag, dead letters) is told once, memory is summed. None:
    nobody asked these processes for anything yet, such as workers.
    """
    rates: dict[str, float] = defaultdict(float)
    buckets: dict[str, float] = defaultdict(float)
    requests: dict[str, float] = defaultdict(float)
    highest: dict[tuple[str, str], float] = defaultdict(float)
    for before, now in pairs:
        for status, rate in grown(before, now, "kinerja_http_seconds_count", "status").items():
            requests[status] += rate
        for bound, rate in grown(before, now, "kinerja_http_seconds_bucket", "le").items():
            buckets[bound] += rate
        for name, counter in _RATES.items():
            rates[name] += sum(grown(before, now, counter).values())
        for gauge in _GAUGES.values():
            for key, value in now.by(gauge, "durable").items():
                highest[gauge, key] = max(highest[gauge, key], value)
    totals = {name: sum(v for (gauge, _), v in highest.items() if gauge == wanted) for name, wanted in _GAUGES.items()}
    p95 = quantile(0.95, buckets)
    return {
        "requests_per_second": round(sum(requests.values()), 2) if requests else None,
        "errors_per_second": round(requests.get("5xx", 0.0), 2) if requests else None,
        "p95_ms": None if p95 is None else round(p95 * 1000, 1),
        **{name: round(rate, 2) for name, rate in rates.items()},
        **{name: round(value, 3) for name, value in totals.items()},
        "memory_bytes": int(sum(sum(now.by("process_resident_memory_bytes", "").values()) for _, now in pairs)),
        "processes": len(pairs),
    }


_RATES = {"published_per_second": "kinerja_relay_published_total", "handled_per_second": "kinerja_batch_size_sum"}
_GAUGES = {
    "outbox_rows": "kinerja_outbox_rows",
    "outbox_age_seconds": "kinerja_outbox_age_seconds",
    "lag": "kinerja_consumer_lag",
    "dead_letters": "kinerja_dead_letters",
}
