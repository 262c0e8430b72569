"""The first tables of training."""

from alembic import op

from shared.operations.schema import foundation_1, secure
from shared.people.schema import people_1

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE course (
    instansi text NOT NULL, id uuid NOT NULL, code text NOT NULL, title text NOT NULL, provider text NOT NULL,
    kind text NOT NULL, form text, jp integer NOT NULL, competencies jsonb NOT NULL, runs jsonb NOT NULL,
    active boolean NOT NULL, created_at timestamptz NOT NULL, created_by text NOT NULL,
    changed_at timestamptz NOT NULL, changed_by text NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE UNIQUE INDEX course_code ON course (instansi, code);
CREATE TABLE need (
    instansi text NOT NULL, gap uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, id uuid NOT NULL,
    employee uuid NOT NULL, competency text NOT NULL, opened integer NOT NULL, open boolean NOT NULL,
    required integer, level integer, since date NOT NULL, causes jsonb NOT NULL, PRIMARY KEY (instansi, gap)
);
CREATE INDEX need_employee ON need (instansi, employee);
CREATE INDEX need_competency ON need (instansi, competency) WHERE open;
CREATE TABLE development_plan (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, year integer NOT NULL,
    status text NOT NULL, items jsonb NOT NULL, decided_by uuid, reason uuid, changed_at timestamptz NOT NULL,
    PRIMARY KEY (instansi, id)
);
CREATE INDEX development_plan_employee ON development_plan (instansi, employee);
CREATE TABLE enrolment (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, course uuid NOT NULL,
    plan uuid NOT NULL, needs jsonb NOT NULL, competencies jsonb NOT NULL, status text NOT NULL, starts date,
    completed date, jp integer, certificate uuid, file_hash text, levels jsonb NOT NULL, reason uuid,
    changed_at timestamptz NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX enrolment_employee ON enrolment (instansi, employee);
CREATE INDEX enrolment_course ON enrolment (instansi, course);
CREATE TABLE certificate (
    instansi text NOT NULL, fingerprint text NOT NULL, enrolment uuid NOT NULL, PRIMARY KEY (instansi, fingerprint)
);
CREATE TABLE competency (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, competency text NOT NULL,
    level integer NOT NULL, confirmed_by uuid NOT NULL, confirmed_on date NOT NULL, reason uuid NOT NULL, enrolment uuid,
    PRIMARY KEY (instansi, id)
);
CREATE INDEX competency_employee ON competency (instansi, employee)
"""


def upgrade() -> None:
    """Create them."""
    foundation_1("training")
    people_1("training")
    for statement in _TABLES.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table in ("course", "need", "development_plan", "enrolment", "certificate", "competency"):
        secure("training", table)
