"""What was given up is counted for whoever looks after a receiver, without reading what was delivered late."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Few rows ever are in it."""
    op.get_bind().exec_driver_sql(
        "CREATE INDEX delivery_given_up ON delivery (instansi, endpoint) WHERE status = 'failed' AND outcome <> 'not-granted'"
    )
