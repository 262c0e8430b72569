"""The first tables: plans, reviews, periods, competency levels, gaps, and what is heard of others."""

from alembic import op

from shared.operations import schema
from shared.people.schema import people_1

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE person (
    instansi text NOT NULL, employee uuid NOT NULL, position uuid, PRIMARY KEY (instansi, employee)
);
CREATE TABLE plan (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, year integer NOT NULL,
    status text NOT NULL, revision integer NOT NULL, proposal_revision integer, agreed_revision integer, proposed_by uuid,
    waits_for uuid, source text, proposal jsonb, agreed jsonb, PRIMARY KEY (instansi, id), UNIQUE (instansi, employee, year)
);
CREATE TABLE review (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, period text NOT NULL,
    state text NOT NULL, listed boolean NOT NULL, expected boolean NOT NULL, provisional boolean NOT NULL, percent numeric,
    recommendation text, measured integer NOT NULL, not_measured integer NOT NULL, waiting integer NOT NULL,
    rule text NOT NULL, rule_version text NOT NULL, plan_revision integer, band_changes integer NOT NULL,
    imported boolean NOT NULL, indicators jsonb NOT NULL,
    PRIMARY KEY (instansi, id), UNIQUE (instansi, employee, period)
);
CREATE INDEX review_period ON review (instansi, period, employee);
CREATE INDEX review_open ON review (instansi, period) WHERE state = 'open' AND expected;
CREATE TABLE review_record (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL, employee uuid NOT NULL, period text NOT NULL,
    manual jsonb NOT NULL, work_result text, behaviour text, predicate text, recommended text, rated_by uuid, text uuid,
    closed jsonb, closed_on date, percent numeric, adjustments integer NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE TABLE period (
    instansi text NOT NULL, id uuid NOT NULL, period text NOT NULL, status text NOT NULL, requested_by uuid,
    requested_at timestamptz NOT NULL, closed_at timestamptz, alarmed_at timestamptz, expected integer, rated integer, not_rated integer,
    not_measured integer, PRIMARY KEY (instansi, id)
);
CREATE TABLE competency_level (
    instansi text NOT NULL, id uuid NOT NULL, employee uuid NOT NULL, competency text NOT NULL, level integer NOT NULL,
    origin text NOT NULL, effective date NOT NULL, recorded_at timestamptz NOT NULL, recorded_by uuid, source text,
    file_hash text, PRIMARY KEY (instansi, id)
);
CREATE INDEX competency_level_employee ON competency_level (instansi, employee, competency);
CREATE TABLE gap (
    instansi text NOT NULL, id uuid NOT NULL, employee uuid NOT NULL, competency text NOT NULL, open boolean NOT NULL,
    opened integer NOT NULL, required integer, level integer, causes jsonb NOT NULL, since date NOT NULL,
    PRIMARY KEY (instansi, id)
);
CREATE INDEX gap_employee ON gap (instansi, employee);
CREATE TABLE heard_entry (
    instansi text NOT NULL, entry uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, employee uuid NOT NULL,
    period text NOT NULL, day date NOT NULL, indicator uuid, quantity numeric NOT NULL, minutes integer, status text NOT NULL,
    verdict text, late boolean NOT NULL, unit uuid, lapsed_by uuid, origin text NOT NULL, PRIMARY KEY (instansi, entry)
);
CREATE INDEX heard_entry_review ON heard_entry (instansi, period, employee);
CREATE TABLE heard_service_record (
    instansi text NOT NULL, record uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, officer uuid NOT NULL,
    period text, product text NOT NULL, unit uuid, started timestamptz NOT NULL, due timestamptz, completed timestamptz,
    on_time boolean, PRIMARY KEY (instansi, record)
);
CREATE INDEX heard_service_record_review ON heard_service_record (instansi, officer, period);
CREATE TABLE heard_satisfaction (
    instansi text NOT NULL, unit uuid NOT NULL, period text NOT NULL, epoch integer NOT NULL, version integer NOT NULL,
    respondents integer NOT NULL, value numeric NOT NULL, PRIMARY KEY (instansi, unit, period)
);
CREATE TABLE heard_seal (
    instansi text NOT NULL, period text NOT NULL, part integer NOT NULL, epoch integer NOT NULL, version integer NOT NULL,
    parts integer NOT NULL, sealed_by uuid, employees jsonb NOT NULL, PRIMARY KEY (instansi, period, part)
)
"""


def upgrade() -> None:
    """Create everything."""
    schema.foundation_1("appraisal")
    people_1("appraisal")
    for statement in filter(None, map(str.strip, _TABLES.split(";"))):
        op.get_bind().exec_driver_sql(statement)
        if statement.startswith("CREATE TABLE"):
            schema.secure("appraisal", statement.split()[2])
