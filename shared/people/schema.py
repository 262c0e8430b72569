"""The tables of the directory copy, for migrations."""

from alembic import op

from shared.operations.schema import secure

_PEOPLE = """
CREATE TABLE heard_instansi (
    instansi text PRIMARY KEY, epoch integer NOT NULL, version integer NOT NULL, zone text NOT NULL,
    first_day date NOT NULL, holidays date[] NOT NULL, policy jsonb NOT NULL
);
CREATE TABLE heard_unit (
    instansi text NOT NULL, id uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, code text NOT NULL,
    parent uuid, head_position uuid, PRIMARY KEY (instansi, id)
);
CREATE INDEX heard_unit_parent ON heard_unit (instansi, parent);
CREATE TABLE heard_position (
    instansi text NOT NULL, id uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, code text NOT NULL,
    kind text NOT NULL, level text NOT NULL, requires jsonb NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE TABLE heard_employee (
    instansi text NOT NULL, id uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, kind text NOT NULL,
    active boolean NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE TABLE heard_assignment (
    instansi text NOT NULL, id uuid NOT NULL, epoch integer NOT NULL, version integer NOT NULL, employee uuid NOT NULL,
    unit uuid NOT NULL, position uuid NOT NULL, superior uuid, kind text NOT NULL, valid_from date NOT NULL, valid_to date,
    void boolean NOT NULL, PRIMARY KEY (instansi, id)
);
CREATE INDEX heard_assignment_employee ON heard_assignment (instansi, employee);
CREATE INDEX heard_assignment_superior ON heard_assignment (instansi, superior);
CREATE INDEX heard_assignment_seat ON heard_assignment (instansi, unit, position)
"""
_TABLES = ("heard_instansi", "heard_unit", "heard_position", "heard_employee", "heard_assignment")


def people_1(service: str) -> None:
    """Create the directory copy of `service`, as it was in its first version. Never edit: add `people_2`."""
    for statement in _PEOPLE.split(";"):
        op.get_bind().exec_driver_sql(statement)
    for table in _TABLES:
        secure(service, table, api="SELECT")


def people_2(service: str) -> None:
    """Which instansi are suspended, and after which day a unit is closed."""
    op.get_bind().exec_driver_sql("ALTER TABLE heard_instansi ADD COLUMN suspended boolean NOT NULL DEFAULT false")
    op.get_bind().exec_driver_sql("ALTER TABLE heard_unit ADD COLUMN last_day date")
    suspended_instansi(service)


def suspended_instansi(service: str) -> None:
    """The function by which an API process, whose role sees one instansi at a time, learns of all that are suspended."""
    for statement in (
        """
CREATE FUNCTION suspended_instansi() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(array_agg(instansi), '{}') FROM heard_instansi WHERE suspended $$
""",
        "REVOKE ALL ON FUNCTION suspended_instansi() FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION suspended_instansi() TO {service}_api, {service}_worker",
    ):
        op.get_bind().exec_driver_sql(statement)
