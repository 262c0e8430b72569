"""Which instansi are suspended, and after which day a unit is closed."""

from shared.people.schema import people_2

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The new columns."""
    people_2("activity")
