"""How many answers to a survey came lately, by keyed hashes."""

from alembic import op

from shared.operations.schema import secure

revision = "0006"
down_revision = "0004"

_RATE = """
CREATE TABLE survey_rate (
    instansi text NOT NULL, key bytea NOT NULL, hour timestamptz NOT NULL, answers integer NOT NULL,
    PRIMARY KEY (instansi, key, hour)
)
"""


def upgrade() -> None:
    """Create the table."""
    op.get_bind().exec_driver_sql(_RATE)
    op.get_bind().exec_driver_sql("CREATE INDEX survey_rate_hour ON survey_rate (hour)")
    secure("portal", "survey_rate")
