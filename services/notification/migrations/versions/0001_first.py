"""The foundation, the directory copy, and everything notices need."""

from alembic import op

from shared.operations.schema import foundation_1, secure
from shared.people.schema import people_1

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE owed (
    instansi text NOT NULL, event_id uuid NOT NULL, recipient text NOT NULL, employee uuid, at timestamptz NOT NULL,
    template text NOT NULL, params jsonb NOT NULL, mail boolean NOT NULL, outcome text NOT NULL
        CHECK (outcome IN ('open', 'told', 'nobody', 'stale', 'import', 'expired')),
    created_at timestamptz NOT NULL DEFAULT now(), settled_at timestamptz,
    PRIMARY KEY (instansi, event_id, recipient)
);
CREATE INDEX owed_open ON owed (instansi, event_id) WHERE outcome = 'open';
CREATE TABLE notice (
    instansi text NOT NULL, event_id uuid NOT NULL, person uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('inbox', 'mail')), id uuid NOT NULL, template text NOT NULL,
    params jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), read_at timestamptz,
    status text NOT NULL CHECK (status IN ('shown', 'waiting', 'sent', 'failed', 'off')),
    due_at timestamptz, claimed_until timestamptz, tries integer NOT NULL DEFAULT 0, reason text, sent_at timestamptz,
    PRIMARY KEY (instansi, event_id, person, channel), UNIQUE (instansi, id),
    CHECK ((channel = 'inbox') = (status = 'shown')), CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX notice_own ON notice (instansi, person, created_at DESC, id DESC) WHERE channel = 'inbox';
CREATE INDEX notice_unread ON notice (instansi, person) WHERE channel = 'inbox' AND read_at IS NULL;
CREATE INDEX notice_due ON notice (due_at) WHERE status = 'waiting';
CREATE TABLE preference (
    instansi text NOT NULL, employee uuid NOT NULL, language text NOT NULL CHECK (language IN ('id', 'en')),
    mail boolean NOT NULL, quiet_from time, quiet_to time, updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instansi, employee), CHECK ((quiet_from IS NULL) = (quiet_to IS NULL))
);
CREATE TABLE setting (
    instansi text PRIMARY KEY, notify_imports boolean NOT NULL, updated_by uuid,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE hr_contact (
    instansi text NOT NULL, employee uuid NOT NULL, updated_by uuid, updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instansi, employee)
);
CREATE TABLE heard_waiting (
    instansi text NOT NULL, id uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, employee uuid NOT NULL,
    day date NOT NULL, waiting boolean NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX heard_waiting_now ON heard_waiting (instansi, employee, day) WHERE waiting;
CREATE TABLE summary_run (
    instansi text NOT NULL, day date NOT NULL, at text NOT NULL, PRIMARY KEY (instansi, day, at)
)
"""
#: Tables, and what the api may do with them; the worker may do everything.
_RIGHTS = {
    "owed": "SELECT",
    "notice": "SELECT, UPDATE",
    "preference": "SELECT, INSERT, UPDATE, DELETE",
    "setting": "SELECT, INSERT, UPDATE, DELETE",
    "hr_contact": "SELECT, INSERT, UPDATE, DELETE",
    "heard_waiting": "SELECT",
    "summary_run": "SELECT",
}


def upgrade() -> None:
    """Create everything."""
    foundation_1("notification")
    people_1("notification")
    for statement in _TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table, api in _RIGHTS.items():
        secure("notification", table, api=api)
