"""What this service tells itself can neither be pulled nor be pushed any more: NATS does not let it read its own stream."""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = (
    "UPDATE endpoint SET types = ARRAY(SELECT t FROM unnest(types) t WHERE t NOT LIKE 'feed.%')"
    " WHERE EXISTS (SELECT FROM unnest(types) t WHERE t LIKE 'feed.%')",
    "UPDATE access_grant SET types = ARRAY(SELECT t FROM unnest(types) t WHERE t NOT LIKE 'feed.%')"
    " WHERE EXISTS (SELECT FROM unnest(types) t WHERE t LIKE 'feed.%')",
    "DELETE FROM place WHERE stream = 'FEED'",
)


def upgrade() -> None:
    """Take its types out of webhooks and grants."""
    for statement in _STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
