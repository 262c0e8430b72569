"""First version: foundation, the directory's people, entries, closed periods, service records, surveys."""

from alembic import op

from shared.operations.schema import foundation_1, secure
from shared.people.schema import people_1

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE entry (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, day date NOT NULL,
    period text NOT NULL, status text NOT NULL, indicator uuid, quantity numeric NOT NULL, minutes integer, activity text,
    unit uuid, description uuid, late boolean NOT NULL, verdict text, decided_by uuid, decided_text uuid, lapsed_by uuid,
    done_at timestamptz, received_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX entry_person ON entry (instansi, employee, day, id);
CREATE INDEX entry_period ON entry (instansi, period);
CREATE INDEX entry_waiting ON entry (instansi, employee, day) WHERE status = 'waiting';
CREATE TABLE activity_period (
    instansi text NOT NULL, period text NOT NULL, status text NOT NULL, called_by uuid, called_at timestamptz NOT NULL,
    verifiable_until date NOT NULL, sealed_at timestamptz, stale boolean NOT NULL, employees integer NOT NULL,
    entries integer NOT NULL, lapsed integer NOT NULL, PRIMARY KEY (instansi, period)
);
CREATE TABLE heard_plan (
    instansi text NOT NULL, id uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, employee uuid NOT NULL,
    indicators uuid[] NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX heard_plan_employee ON heard_plan (instansi, employee);
CREATE TABLE service_record (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, product text NOT NULL, officer uuid NOT NULL,
    unit uuid, started timestamptz NOT NULL, due timestamptz, completed timestamptz, period text, on_time boolean,
    imported boolean NOT NULL, changed_at timestamptz NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX service_record_officer ON service_record (instansi, officer, period);
CREATE TABLE survey_answer (
    instansi text NOT NULL, id uuid NOT NULL, unit uuid NOT NULL, period text NOT NULL, given_at timestamptz NOT NULL,
    scores smallint[] NOT NULL, received_at timestamptz NOT NULL, received_from text NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX survey_answer_unit ON survey_answer (instansi, unit, period);
CREATE TABLE satisfaction (
    instansi text NOT NULL, unit uuid NOT NULL, period text NOT NULL, respondents integer NOT NULL, sums integer[] NOT NULL,
    changed_at timestamptz NOT NULL, PRIMARY KEY (instansi, unit, period)
)
"""


def upgrade() -> None:
    """Create everything."""
    foundation_1("activity")
    people_1("activity")
    for statement in _TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    secure("activity", "entry")
    secure("activity", "activity_period")
    secure("activity", "heard_plan", api="SELECT")
    secure("activity", "service_record")
    secure("activity", "survey_answer")
    secure("activity", "satisfaction")
