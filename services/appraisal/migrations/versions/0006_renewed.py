"""What a restored record makes void is kept."""

from alembic import op

from shared.operations.schema import foundation_5

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add its table, and the epoch of confirmed levels."""
    foundation_5("appraisal")
    op.get_bind().exec_driver_sql("ALTER TABLE competency_level ADD COLUMN epoch integer NOT NULL DEFAULT 1")
