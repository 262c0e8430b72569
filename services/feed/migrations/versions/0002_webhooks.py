"""Webhooks: endpoints, how far each has come in each stream, and what could not be delivered at once."""

from alembic import op

from shared.operations.schema import secure

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE endpoint (
    instansi text NOT NULL, id uuid NOT NULL, url text NOT NULL, types text[] NOT NULL, system text,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'disabled')),
    reason text CHECK (reason IN ('asked', 'failing', 'refused', 'gone')), since timestamptz NOT NULL,
    secret bytea NOT NULL, old_secret bytea, old_secret_until timestamptz,
    failures integer NOT NULL DEFAULT 0, delivered bigint NOT NULL DEFAULT 0, last_delivered_at timestamptz,
    missed_before timestamptz, lease uuid, leased_until timestamptz, looked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL,
    PRIMARY KEY (instansi, id), CHECK ((status = 'active') = (reason IS NULL))
);
CREATE INDEX endpoint_active ON endpoint (looked_at) WHERE status = 'active';
CREATE TABLE place (
    instansi text NOT NULL, endpoint uuid NOT NULL, stream text NOT NULL, born timestamptz, seq bigint NOT NULL,
    until timestamptz NOT NULL, seen_born timestamptz, seen bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (instansi, endpoint, stream),
    FOREIGN KEY (instansi, endpoint) REFERENCES endpoint (instansi, id) ON DELETE CASCADE
);
CREATE TABLE delivery (
    instansi text NOT NULL, endpoint uuid NOT NULL, event_id uuid NOT NULL, type text NOT NULL, body bytea,
    status text NOT NULL CHECK (status IN ('waiting', 'delivered', 'failed')), outcome text NOT NULL,
    tries integer NOT NULL, due_at timestamptz, first_at timestamptz NOT NULL, last_at timestamptz NOT NULL,
    PRIMARY KEY (instansi, endpoint, event_id), CHECK ((status = 'waiting') = (body IS NOT NULL)),
    FOREIGN KEY (instansi, endpoint) REFERENCES endpoint (instansi, id) ON DELETE CASCADE
);
CREATE INDEX delivery_due ON delivery (instansi, endpoint, due_at) WHERE status = 'waiting';
CREATE INDEX delivery_recent ON delivery (instansi, endpoint, last_at);
CREATE INDEX delivery_settled ON delivery (last_at) WHERE status <> 'waiting'
"""


def upgrade() -> None:
    """Create them; the api manages endpoints, the worker delivers."""
    for statement in _TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    secure("feed", "endpoint", worker="SELECT, UPDATE")
    secure("feed", "place")
    secure("feed", "delivery")
