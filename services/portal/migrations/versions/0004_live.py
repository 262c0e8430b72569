"""Since when there is something new about people: nothing but that, so that open pages can say so."""

from alembic import op

from shared.operations.schema import secure

revision = "0004"
down_revision = "0003"

_TABLE = """
CREATE TABLE live_change (
    instansi text NOT NULL, employee uuid NOT NULL, audience text NOT NULL CHECK (audience IN ('self', 'superior')),
    changed_at timestamptz NOT NULL, PRIMARY KEY (instansi, employee, audience)
)
"""


def upgrade() -> None:
    """Create its table."""
    op.get_bind().exec_driver_sql(_TABLE)
    secure("portal", "live_change", api="SELECT")
