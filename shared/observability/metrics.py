"""Every metric of every service, with its stable name; dashboards and alarms depend on these."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_AGE = Gauge("kinerja_outbox_age_seconds", "Age of the oldest message that waits to be published")
OUTBOX_ROWS = Gauge("kinerja_outbox_rows", "Messages that wait to be published")
OUTBOX_PARKED = Gauge("kinerja_outbox_parked", "Messages the broker refused three times; they need a person")
RELAY_PUBLISHED = Counter("kinerja_relay_published", "Messages acknowledged by the broker")

CONSUMER_LAG = Gauge("kinerja_consumer_lag", "Messages not yet handled", ["durable"])
BATCH_SIZE = Histogram(
    "kinerja_batch_size",
    "Messages handled in one transaction",
    ["durable"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
HANDLER_SECONDS = Histogram(
    "kinerja_handler_seconds",
    "Time to handle one batch, its transaction included",
    ["durable"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
DEAD_LETTERS = Gauge("kinerja_dead_letters", "Messages that could not be processed and are not settled", ["durable"])

MAILS = Counter("kinerja_mails", "Attempts to mail a notice, by what became of it", ["outcome"])

HTTP_SECONDS = Histogram(
    "kinerja_http_seconds",
    "Time from a request to the end of its answer",
    ["route", "method", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
