"""A notice knows the trace that it belongs to."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Empty where nothing is traced, and for what was owed before."""
    for table in ("owed", "notice"):
        op.get_bind().exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN traceparent text")
