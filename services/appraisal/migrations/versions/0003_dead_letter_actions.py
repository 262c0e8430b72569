"""Retries and drops of dead letters are kept."""

from shared.operations.schema import foundation_3

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add their table."""
    foundation_3("appraisal")
