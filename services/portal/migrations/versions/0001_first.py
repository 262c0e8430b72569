"""The foundation, the copy of the directory, and who may sign in."""

from alembic import op

from shared.operations.schema import foundation_1, foundation_2, foundation_3, foundation_4, foundation_5, secure
from shared.people.schema import people_1, people_2

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE account (
    instansi text NOT NULL, employee uuid NOT NULL, login bytea NOT NULL, password text, roles text[] NOT NULL DEFAULT '{}',
    failures integer NOT NULL DEFAULT 0, locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(), changed_at timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL,
    PRIMARY KEY (instansi, employee)
);
CREATE INDEX account_login ON account (instansi, login);
CREATE TABLE invitation (
    instansi text NOT NULL, token bytea NOT NULL, employee uuid NOT NULL, expires_at timestamptz NOT NULL,
    created_by text NOT NULL, PRIMARY KEY (instansi, token),
    FOREIGN KEY (instansi, employee) REFERENCES account (instansi, employee) ON DELETE CASCADE
);
CREATE INDEX invitation_expires ON invitation (expires_at);
CREATE TABLE session (
    instansi text NOT NULL, token bytea NOT NULL, employee uuid NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, PRIMARY KEY (instansi, token),
    FOREIGN KEY (instansi, employee) REFERENCES account (instansi, employee) ON DELETE CASCADE
);
CREATE INDEX session_employee ON session (instansi, employee);
CREATE INDEX session_expires ON session (expires_at)
"""

#: Whoever has not said yet of which instansi they are is asked.
_KNOWN = """
CREATE FUNCTION known_instansi() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(instansi ORDER BY instansi), '{}') FROM heard_instansi WHERE NOT suspended $$
"""


def upgrade() -> None:
    """Create everything."""
    for foundation in (foundation_1, foundation_2, foundation_3, foundation_4, foundation_5):
        foundation("portal")
    for people in (people_1, people_2):
        people("portal")
    for statement in _TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table in ("account", "invitation", "session"):
        secure("portal", table)
    op.get_bind().exec_driver_sql(_KNOWN)
    op.get_bind().exec_driver_sql("REVOKE ALL ON FUNCTION known_instansi() FROM PUBLIC")
    op.get_bind().exec_driver_sql("GRANT EXECUTE ON FUNCTION known_instansi() TO portal_api, portal_worker")
