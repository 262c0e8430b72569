"""Entries that a person wants at hand, to log the like again. Only their ids: what they say stays with activity."""

from alembic import op

from shared.operations.schema import secure

revision = "0002"
down_revision = "0001"

_PIN = """
CREATE TABLE pin (
    instansi text NOT NULL, employee uuid NOT NULL, entry uuid NOT NULL, pinned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instansi, employee, entry)
)
"""


def upgrade() -> None:
    """Create the table."""
    op.get_bind().exec_driver_sql(_PIN)
    secure("portal", "pin")
