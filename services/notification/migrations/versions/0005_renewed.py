"""What a restored record makes void is kept."""

from shared.operations.schema import foundation_5

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add its table."""
    foundation_5("notification")
