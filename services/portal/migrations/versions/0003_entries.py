"""On which days people logged work, and what of it waits."""

from alembic import op

from shared.operations.schema import secure

revision = "0003"
down_revision = "0002"

_TABLE = """
CREATE TABLE heard_entry (
    instansi text NOT NULL, entry uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, employee uuid NOT NULL,
    day date NOT NULL, status text NOT NULL, PRIMARY KEY (instansi, entry)
);
CREATE INDEX heard_entry_day ON heard_entry (instansi, employee, day)
"""


def upgrade() -> None:
    """Create its table."""
    for statement in _TABLE.split(";"):
        op.get_bind().exec_driver_sql(statement)
    secure("portal", "heard_entry", api="SELECT")
