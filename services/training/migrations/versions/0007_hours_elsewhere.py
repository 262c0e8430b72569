"""Learning hours that were completed elsewhere."""

from alembic import op

from shared.operations.schema import secure

revision = "0007"
down_revision = "0006"

_TABLE = """
CREATE TABLE learning_hours_elsewhere (
    instansi text NOT NULL, employee uuid NOT NULL, year integer NOT NULL, source text NOT NULL, jp integer NOT NULL,
    changed_at timestamptz NOT NULL, changed_by text NOT NULL, PRIMARY KEY (instansi, employee, year, source)
)
"""


def upgrade() -> None:
    """Create its table."""
    op.get_bind().exec_driver_sql(_TABLE)
    secure("training", "learning_hours_elsewhere", api="SELECT, INSERT, UPDATE", worker="SELECT")
