"""Metrics: their names are a promise to dashboards and alarms."""

from prometheus_client import REGISTRY, generate_latest

import shared.observability.metrics as metrics

PROMISED = {
    "kinerja_build_info": "gauge",
    "kinerja_ready": "gauge",
    "kinerja_outbox_limit": "gauge",
    "kinerja_relay_leader": "gauge",
    "kinerja_commands_total": "counter",
    "kinerja_periods_waiting": "gauge",
    "kinerja_pool_in_use": "gauge",
    "kinerja_pool_limit": "gauge",
    "kinerja_database_bytes": "gauge",
    "kinerja_outbox_age_seconds": "gauge",
    "kinerja_outbox_rows": "gauge",
    "kinerja_outbox_parked": "gauge",
    "kinerja_relay_published_total": "counter",
    "kinerja_consumer_lag": "gauge",
    "kinerja_batch_size": "histogram",
    "kinerja_handler_seconds": "histogram",
    "kinerja_dead_letters": "gauge",
    "kinerja_mails_total": "counter",
    "kinerja_http_seconds": "histogram",
}


def test_every_metric_has_its_promised_name_and_kind() -> None:
    lines = generate_latest(REGISTRY).decode().splitlines()
    kinds = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE kinerja_"))
    exposed = {name: kind for name, kind in kinds.items() if not name.endswith("_created")}
    assert exposed == PROMISED


def test_a_batch_is_counted_under_its_durable() -> None:
    before = REGISTRY.get_sample_value("kinerja_batch_size_sum", {"durable": "metrics-test"}) or 0.0
    metrics.BATCH_SIZE.labels("metrics-test").observe(7)
    assert REGISTRY.get_sample_value("kinerja_batch_size_sum", {"durable": "metrics-test"}) == before + 7
