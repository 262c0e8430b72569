"""The outbox is read by instansi."""

from shared.operations.schema import foundation_4

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Waiting messages are found by instansi."""
    foundation_4("training")
