"""The tables every service's database has, and the row security of all its tables. Used by migrations, run as owner."""

from alembic import op

#: Gone since `foundation_2`.
_ROOM = """
CREATE FUNCTION outbox_has_room() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$ BEGIN
    IF session_user LIKE '%_api' AND (SELECT max(id) - min(id) FROM outbox WHERE parked_at IS NULL) > 1000000 THEN
        RAISE 'the outbox is full: messages do not reach NATS' USING ERRCODE = 'configuration_limit_exceeded';
    END IF;
    RETURN NULL;
END $$
"""
#: Ids of those waiting are dense enough to be counted by their ends. The api role, which sees one instansi, may ask too.
_WAITING = """
CREATE FUNCTION outbox_waiting() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT coalesce(max(id) - min(id) + 1, 0) FROM outbox WHERE parked_at IS NULL $$
"""
#: Since `foundation_4` one instansi may wait long while others pass: where the ends are far apart, those between are counted.
_COUNTED = """
CREATE OR REPLACE FUNCTION outbox_waiting() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT CASE WHEN ends <= 100000 THEN ends ELSE (SELECT count(*) FROM outbox WHERE parked_at IS NULL) END
FROM (SELECT coalesce(max(id) - min(id) + 1, 0) AS ends FROM outbox WHERE parked_at IS NULL) AS waiting $$
"""
_FOUNDATION = """
CREATE TABLE events (
    instansi text NOT NULL, stream uuid NOT NULL, version integer NOT NULL CHECK (version > 0),
    type text NOT NULL, schema integer NOT NULL, data jsonb NOT NULL, meta jsonb NOT NULL,
    occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instansi, stream, version)
) PARTITION BY RANGE (stream);
CREATE TABLE events_other PARTITION OF events DEFAULT;
CREATE INDEX events_recorded ON events USING brin (recorded_at);
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, instansi text NOT NULL, subject text NOT NULL,
    event_id uuid NOT NULL, body text NOT NULL CHECK (octet_length(body) <= 262144), traceparent text,
    created_at timestamptz NOT NULL DEFAULT now(), refused integer NOT NULL DEFAULT 0, error text, parked_at timestamptz
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX outbox_ready ON outbox (id) WHERE parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (event_id) WHERE parked_at IS NOT NULL;
CREATE TABLE published (
    instansi text NOT NULL, source uuid NOT NULL, version integer NOT NULL, type text NOT NULL, content jsonb NOT NULL,
    meta jsonb NOT NULL, occurred_at timestamptz NOT NULL, changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instansi, source)
);
CREATE INDEX published_changed ON published (changed_at);
CREATE TABLE texts (
    instansi text NOT NULL, id uuid NOT NULL, record uuid NOT NULL, person uuid NOT NULL, body text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (instansi, id)
);
CREATE TABLE text_salts (
    instansi text NOT NULL, record uuid NOT NULL, salt text NOT NULL, PRIMARY KEY (instansi, record)
);
CREATE INDEX texts_record ON texts (instansi, record);
CREATE INDEX texts_person ON texts (instansi, person);
CREATE TABLE idempotency (
    instansi text NOT NULL, key bytea NOT NULL, body_hash bytea NOT NULL, status integer, body jsonb, headers jsonb,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (instansi, key)
);
CREATE TABLE inbox (
    durable text NOT NULL, event_id uuid NOT NULL, recorded_at timestamptz NOT NULL,
    handled_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (durable, event_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE TABLE inbox_other PARTITION OF inbox DEFAULT;
CREATE TABLE tries (
    durable text NOT NULL, event_id text NOT NULL, count integer NOT NULL, error text NOT NULL,
    last_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (durable, event_id)
);
CREATE TABLE dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, durable text NOT NULL, instansi text, stream_seq bigint NOT NULL,
    sent_at timestamptz NOT NULL, subject text NOT NULL, event_id text, payload bytea NOT NULL, headers jsonb NOT NULL,
    reason text NOT NULL, error text NOT NULL, trace text NOT NULL, tries integer NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz, settled text, UNIQUE (durable, sent_at, stream_seq)
);
CREATE TABLE relay_state (
    stream text PRIMARY KEY, created timestamptz NOT NULL, last_seq bigint NOT NULL, acked_at timestamptz NOT NULL
);
CREATE TABLE epoch (value integer NOT NULL);
INSERT INTO epoch VALUES (1);
"""

#: Foundation tables that belong to an instansi, and what the api and the worker may do with them.
_TENANT = {
    "events": ("SELECT, INSERT", "SELECT, INSERT"),
    "outbox": ("SELECT, INSERT", "SELECT, INSERT, UPDATE, DELETE"),
    "published": ("SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE"),
    "texts": ("SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE"),
    "text_salts": ("SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE"),
    "idempotency": ("SELECT, INSERT, UPDATE", "SELECT, INSERT, UPDATE, DELETE"),
}
_EVERYDAY = "SELECT, INSERT, UPDATE, DELETE"


def foundation_1(service: str) -> None:
    """Create the foundation of `service`, as it was in its first version. Never edit: add `foundation_2`."""
    _run(_FOUNDATION)
    op.get_bind().exec_driver_sql(_ROOM)
    _run("CREATE TRIGGER outbox_has_room BEFORE INSERT ON outbox EXECUTE FUNCTION outbox_has_room()")
    for table, (api, worker) in _TENANT.items():
        secure(service, table, api=api, worker=worker)
    for table in ("inbox", "tries", "dead_letters", "relay_state"):
        _run(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {service}_worker")
    _run(f"GRANT SELECT ON epoch TO {service}_api, {service}_worker")
    _run(f"GRANT USAGE ON SCHEMA public TO {service}_api, {service}_worker")


def foundation_2(service: str) -> None:
    """Processes of the API keep the outbox's limit, looking once a second: as a trigger it slowed down every commit."""
    _run("DROP TRIGGER outbox_has_room ON outbox; DROP FUNCTION outbox_has_room()")
    op.get_bind().exec_driver_sql(_WAITING)
    _run("REVOKE ALL ON FUNCTION outbox_waiting() FROM PUBLIC")
    _run(f"GRANT EXECUTE ON FUNCTION outbox_waiting() TO {service}_api, {service}_worker")


def foundation_3(service: str) -> None:
    """Who retried or dropped which dead letter, why, and what came of it."""
    _run("""
CREATE TABLE dead_letter_actions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, letter bigint NOT NULL, durable text NOT NULL, action text NOT NULL,
    who text NOT NULL, why text, outcome text NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dead_letter_actions_letter ON dead_letter_actions (letter)
""")
    _run(f"GRANT SELECT, INSERT, DELETE ON dead_letter_actions TO {service}_worker")


def foundation_4(_service: str) -> None:
    """The relay steps from instansi to instansi, and never through all that waits of one."""
    _run("CREATE INDEX outbox_turn ON outbox (instansi, id) WHERE parked_at IS NULL; DROP INDEX outbox_ready")
    op.get_bind().exec_driver_sql(_COUNTED)


def foundation_5(service: str) -> None:
    """The epoch of each instansi from which on a durable listens: its producer's record was restored and told anew."""
    _run("CREATE TABLE renewed (durable text PRIMARY KEY, epochs jsonb NOT NULL DEFAULT '{}')")
    _run(f"GRANT SELECT, INSERT, UPDATE ON renewed TO {service}_worker")


def secure(service: str, table: str, *, api: str = _EVERYDAY, worker: str = _EVERYDAY) -> None:
    """Row security for a table with an `instansi` column: the api role sees one instansi, the worker all."""
    for role, rights in ((f"{service}_api", api), (f"{service}_worker", worker)):
        if rights:
            _run(f"GRANT {rights} ON {table} TO {role}")
    _run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    own = "instansi = current_setting('kinerja.instansi', true)"
    _run(f"CREATE POLICY api_own ON {table} TO {service}_api USING ({own}) WITH CHECK ({own})")
    _run(f"CREATE POLICY worker_all ON {table} TO {service}_worker USING (true) WITH CHECK (true)")
    _run(f"CREATE POLICY owner_all ON {table} TO {service}_owner USING (true) WITH CHECK (true)")


def _run(sql: str) -> None:
    for statement in sql.split(";"):
        if statement.strip():
            op.get_bind().exec_driver_sql(statement)
