"""What was owed long ago is found without reading what was owed since."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Rows come in the order of their time: a few bytes for a hundred pages tell which are old."""
    op.get_bind().exec_driver_sql("CREATE INDEX owed_at ON owed USING brin (at)")
