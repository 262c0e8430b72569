"""The foundation, which agencies there are, and which outside systems may have what."""

from alembic import op

from shared.operations.schema import foundation_1, foundation_2, foundation_3, foundation_4, foundation_5, secure

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE heard_instansi (
    instansi text PRIMARY KEY, epoch integer NOT NULL, version integer NOT NULL, suspended boolean NOT NULL
);
CREATE TABLE access_grant (
    instansi text NOT NULL, system text NOT NULL, types text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL, PRIMARY KEY (instansi, system)
)
"""
#: API processes see one instansi at a time; whether any is suspended they ask by this.
_SUSPENDED = """
CREATE FUNCTION suspended_instansi() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(instansi), '{}') FROM heard_instansi WHERE suspended $$
"""


def upgrade() -> None:
    """Create everything."""
    for foundation in (foundation_1, foundation_2, foundation_3, foundation_4, foundation_5):
        foundation("feed")
    for statement in _TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    secure("feed", "heard_instansi", api="SELECT")
    secure("feed", "access_grant", worker="SELECT")
    op.get_bind().exec_driver_sql(_SUSPENDED)
    op.get_bind().exec_driver_sql("REVOKE ALL ON FUNCTION suspended_instansi() FROM PUBLIC")
    op.get_bind().exec_driver_sql("GRANT EXECUTE ON FUNCTION suspended_instansi() TO feed_api, feed_worker")
