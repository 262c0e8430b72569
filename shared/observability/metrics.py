"""Every metric of every service, with its stable name; docs/how-to/observe.md says what each means.

No label is an id, and none an instansi: there are hundreds, and what one does is asked of the database (`kinerja top`).
"""

from prometheus_client import Counter, Gauge, Histogram

BUILD = Gauge("kinerja_build_info", "1; the labels say which service runs in which version", ["service", "version"])
PROBLEMS = Gauge("kinerja_problems", "What keeps the worker from its work, as /readyz says in words: how many reasons")

OUTBOX_AGE = Gauge("kinerja_outbox_age_seconds", "Age of the oldest message that waits to be published")
OUTBOX_ROWS = Gauge("kinerja_outbox_rows", "Messages that wait to be published")
OUTBOX_PARKED = Gauge("kinerja_outbox_parked", "Messages the broker refused three times; they need a person")
OUTBOX_LIMIT = Gauge("kinerja_outbox_limit", "Waiting messages above which the API accepts no commands")
RELAY_LEADER = Gauge("kinerja_relay_leader", "1 in the process that sends the service's messages, else 0")
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

COMMANDS = Counter("kinerja_commands", "Commands decided, by kind of record and outcome", ["record", "outcome"])
PERIODS_WAITING = Gauge("kinerja_periods_waiting", "Periods whose closing waits for facts that activity sealed")
POOL_IN_USE = Gauge("kinerja_pool_in_use", "Database connections in use", ["role"])
POOL_LIMIT = Gauge("kinerja_pool_limit", "Database connections there may be", ["role"])
DATABASE_BYTES = Gauge("kinerja_database_bytes", "Size of the service's database")

MAILS = Counter("kinerja_mails", "Attempts to mail a notice, by what became of it", ["outcome"])
WEBHOOKS = Counter("kinerja_webhooks", "Attempts to push an event, by what became of it", ["outcome"])

HTTP_SECONDS = Histogram(
    "kinerja_http_seconds",
    "Time from a request to the end of its answer, by template of the route and class of the status",
    ["route", "method", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
