"""A closing goes on under the correlation id of whoever asked for it."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """The period keeps the correlation id of the request."""
    op.execute("ALTER TABLE period ADD COLUMN correlation_id text")
