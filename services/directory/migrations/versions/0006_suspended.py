"""When an instansi was suspended and resumed, and after which day a unit is closed."""

from alembic import op

from shared.operations.schema import secure
from shared.people.schema import suspended_instansi

revision = "0006"
down_revision = "0005"

_CHANGES = """
CREATE TABLE suspensions (
    instansi text NOT NULL REFERENCES instansi, version integer NOT NULL CHECK (version > 0), suspended boolean NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(), recorded_by text NOT NULL, PRIMARY KEY (instansi, version)
);
ALTER TABLE units ADD COLUMN last_day date;
CREATE OR REPLACE VIEW heard_instansi WITH (security_invoker = true) AS
SELECT DISTINCT ON (r.instansi) r.instansi, r.version, r.zone, r.first_day, r.holidays, r.policy, coalesce((
    SELECT s.suspended FROM suspensions s WHERE s.instansi = r.instansi ORDER BY s.version DESC LIMIT 1), false) AS suspended
FROM instansi_rules r WHERE r.effective_at <= now() ORDER BY r.instansi, r.version DESC;
CREATE OR REPLACE VIEW heard_unit WITH (security_invoker = true) AS
SELECT instansi, id, code, parent, head_position, last_day FROM units
"""


def upgrade() -> None:
    """The new table, column and what is read of them."""
    for statement in _CHANGES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    secure("directory", "suspensions", api="SELECT, INSERT", worker="SELECT, INSERT")
    suspended_instansi("directory")
