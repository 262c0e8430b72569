"""First version: instansi and their rules, units, positions, people, dated assignments, who looked people up."""

from alembic import op

from shared.operations.schema import foundation_1, secure

revision = "0001"
down_revision = None

_AUDIT = """
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(), changed_by text NOT NULL
"""
_TABLES = f"""
CREATE TABLE instansi (
    instansi text PRIMARY KEY CHECK (instansi ~ '^[a-z0-9-]{{1,63}}$'), name text NOT NULL, {_AUDIT}
);
CREATE TABLE instansi_rules (
    instansi text NOT NULL REFERENCES instansi, version integer NOT NULL CHECK (version > 0), effective_from date NOT NULL,
    effective_at timestamptz NOT NULL, zone text NOT NULL, first_day date NOT NULL, holidays date[] NOT NULL,
    policy jsonb NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(), recorded_by text NOT NULL,
    PRIMARY KEY (instansi, version)
);
CREATE TABLE positions (
    instansi text NOT NULL REFERENCES instansi, id uuid NOT NULL, code text NOT NULL, title text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('JPT', 'JA', 'JF')), level text NOT NULL, requires jsonb NOT NULL, {_AUDIT},
    PRIMARY KEY (instansi, id), UNIQUE (instansi, code)
);
CREATE TABLE units (
    instansi text NOT NULL REFERENCES instansi, id uuid NOT NULL, code text NOT NULL, name text NOT NULL,
    parent uuid CHECK (parent <> id), head_position uuid, {_AUDIT},
    PRIMARY KEY (instansi, id), UNIQUE (instansi, code),
    FOREIGN KEY (instansi, parent) REFERENCES units, FOREIGN KEY (instansi, head_position) REFERENCES positions
);
CREATE INDEX units_parent ON units (instansi, parent);
CREATE TABLE employees (
    instansi text NOT NULL REFERENCES instansi, id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('PNS', 'PPPK', 'CPNS', 'NON_ASN')), nip text CHECK (nip ~ '^[0-9]{{18}}$'),
    name text NOT NULL, email text, phone text, language text NOT NULL CHECK (language IN ('id', 'en')),
    active boolean NOT NULL, {_AUDIT}, PRIMARY KEY (instansi, id), UNIQUE (instansi, nip)
);
CREATE TABLE outside_ids (
    instansi text NOT NULL, system text NOT NULL, outside text NOT NULL, employee uuid NOT NULL,
    PRIMARY KEY (instansi, system, outside), UNIQUE (instansi, employee, system),
    FOREIGN KEY (instansi, employee) REFERENCES employees
);
CREATE TABLE assignments (
    instansi text NOT NULL, id uuid NOT NULL, version integer NOT NULL CHECK (version > 0), employee uuid NOT NULL,
    unit uuid NOT NULL, position uuid NOT NULL, superior uuid CHECK (superior <> employee),
    kind text NOT NULL CHECK (kind IN ('definitif', 'plt', 'plh')), valid_from date NOT NULL,
    valid_to date CHECK (valid_to >= valid_from), void boolean NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(), recorded_by text NOT NULL, PRIMARY KEY (instansi, id, version),
    FOREIGN KEY (instansi, employee) REFERENCES employees, FOREIGN KEY (instansi, superior) REFERENCES employees,
    FOREIGN KEY (instansi, unit) REFERENCES units, FOREIGN KEY (instansi, position) REFERENCES positions
);
CREATE INDEX assignments_employee ON assignments (instansi, employee);
CREATE INDEX assignments_superior ON assignments (instansi, superior);
CREATE INDEX assignments_seat ON assignments (instansi, unit, position);
CREATE TABLE lookups (
    instansi text NOT NULL REFERENCES instansi, id uuid NOT NULL, at timestamptz NOT NULL DEFAULT now(), caller text NOT NULL,
    action text NOT NULL, purpose text NOT NULL, asked integer NOT NULL, employees uuid[] NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX lookups_employees ON lookups USING gin (employees)
"""
#: What is true now, under the names by which shared.people asks: it reads the record here and a copy elsewhere.
_VIEWS = """
CREATE VIEW heard_instansi WITH (security_invoker = true) AS
SELECT DISTINCT ON (instansi) instansi, version, zone, first_day, holidays, policy FROM instansi_rules
WHERE effective_at <= now() ORDER BY instansi, version DESC;
CREATE VIEW heard_unit WITH (security_invoker = true) AS SELECT instansi, id, code, parent, head_position FROM units;
CREATE VIEW heard_employee WITH (security_invoker = true) AS SELECT instansi, id, kind, active FROM employees;
CREATE VIEW heard_assignment WITH (security_invoker = true) AS
SELECT a.* FROM assignments a WHERE NOT EXISTS (
    SELECT FROM assignments newer WHERE newer.instansi = a.instansi AND newer.id = a.id AND newer.version = a.version + 1)
"""
_KEPT = "SELECT, INSERT"
_CHANGED = "SELECT, INSERT, UPDATE"


def upgrade() -> None:
    """Create everything."""
    foundation_1("directory")
    for statement in (_TABLES + ";" + _VIEWS).split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table in ("instansi", "positions", "units", "employees"):
        secure("directory", table, api=_CHANGED, worker=_CHANGED)
    secure("directory", "outside_ids")
    for table in ("instansi_rules", "assignments", "lookups"):
        secure("directory", table, api=_KEPT, worker=_KEPT)
    for view in ("heard_instansi", "heard_unit", "heard_employee", "heard_assignment"):
        op.get_bind().exec_driver_sql(f"GRANT SELECT ON {view} TO directory_api, directory_worker")
