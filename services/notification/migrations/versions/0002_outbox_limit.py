"""The outbox's limit leaves the commits' way."""

from shared.operations.schema import foundation_2

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """The limit is looked at by the API instead."""
    foundation_2("notification")
