"""How far an endpoint has come includes the epoch: what a restored record tells again is new to it, however old."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Every record begins in epoch 1; a later one is learned from the next event."""
    op.get_bind().exec_driver_sql("ALTER TABLE place ADD COLUMN epoch integer NOT NULL DEFAULT 1")
