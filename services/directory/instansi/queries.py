"""Instansi and the versions of their rules in the database, and out to everybody else."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.rules.agency import Agency
from services.directory.rules.records import instansi_source
from shared.contracts.directory import InstansiChanged, Policy
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.eventstore.outbox import Publication, publish_state
from shared.eventstore.rows import fetch, to_json
from shared.ids import fresh_id

_COLUMNS = ("version", "effective_from", "zone", "first_day", "holidays", "policy", "recorded_at", "recorded_by")
_NEWEST = """
SELECT i.name, r.zone, r.first_day, r.holidays, r.policy, r.effective_from FROM instansi i JOIN instansi_rules r USING (instansi)
WHERE i.instansi = $1 ORDER BY r.version DESC LIMIT 1
"""
_KEEP_NAME = """
INSERT INTO instansi (instansi, name, created_by, changed_by) VALUES ($1, $2, $3, $3)
ON CONFLICT (instansi) DO UPDATE SET name = excluded.name, changed_at = now(), changed_by = excluded.changed_by RETURNING 1
"""
_KEEP_RULES = """
INSERT INTO instansi_rules
    (instansi, version, effective_from, effective_at, zone, first_day, holidays, policy, recorded_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9) RETURNING 1
"""
_SUSPEND = """
INSERT INTO suspensions (instansi, version, suspended, recorded_by)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3 FROM suspensions WHERE instansi = $1
HAVING coalesce((array_agg(suspended ORDER BY version DESC))[1], false) <> $2 RETURNING 1
"""


async def hold(conn: AsyncConnection, instansi: str) -> None:
    """Let nobody else register or change this instansi until the transaction ends, also before it exists."""
    await fetch(conn, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", instansi)
    await fetch(conn, "SELECT 1 FROM instansi WHERE instansi = $1 FOR NO KEY UPDATE", instansi)


async def newest(conn: AsyncConnection, instansi: str) -> Agency | None:
    """The instansi with the newest version of its rules, whether they hold already or later."""
    for name, zone, first_day, holidays, policy, effective_from in await fetch(conn, _NEWEST, instansi):
        return Agency(
            name=name,
            zone=zone,
            first_day=first_day,
            holidays=tuple(holidays),
            policy=Policy.model_validate(policy),
            effective_from=effective_from,
        )
    return None


async def keep(
    conn: AsyncConnection, instansi: str, old: Agency | None, new: Agency, effective_at: datetime, who: str
) -> None:
    """Record the instansi, and a new version of its rules when they changed."""
    await fetch(conn, _KEEP_NAME, instansi, new.name, who)
    if old is None or old.policy.version != new.policy.version:
        rules = (new.effective_from, effective_at, new.zone, new.first_day, list(new.holidays))
        policy = to_json(new.policy.model_dump(mode="json"))
        await fetch(conn, _KEEP_RULES, instansi, new.policy.version, *rules, policy, who)


async def name_of(conn: AsyncConnection, instansi: str) -> str | None:
    """What the instansi is called; None when it is not registered."""
    rows = await fetch(conn, "SELECT name FROM instansi WHERE instansi = $1", instansi)
    return str(rows[0][0]) if rows else None


async def suspend(conn: AsyncConnection, instansi: str, suspended: bool, who: str) -> bool:
    """Record that the instansi is suspended, or no longer; False when it was so already."""
    return bool(await fetch(conn, _SUSPEND, instansi, suspended, who))


async def is_suspended(conn: AsyncConnection, instansi: str) -> bool:
    """Whether no command of the instansi is accepted."""
    [row] = await fetch(conn, "SELECT suspended FROM heard_instansi WHERE instansi = $1", instansi)
    return bool(row[0])


async def version_in_force(conn: AsyncConnection, instansi: str) -> int:
    """The version of the rules that holds now."""
    [row] = await fetch(conn, "SELECT version FROM heard_instansi WHERE instansi = $1", instansi)
    return int(row[0])


async def rules(conn: AsyncConnection, instansi: str, *, before: int | None = None, limit: int) -> list[dict[str, Any]]:
    """Versions of the rules, the newest first, those below `before`."""
    sql = (
        f"SELECT {', '.join(_COLUMNS)} FROM instansi_rules WHERE instansi = $1 AND ($2::int IS NULL OR version < $2)"
        " ORDER BY version DESC LIMIT $3"
    )
    return [dict(zip(_COLUMNS, row, strict=True)) for row in await fetch(conn, sql, instansi, before, limit)]


async def rules_version(conn: AsyncConnection, instansi: str, version: int) -> dict[str, Any]:
    """One version of the rules."""
    [found] = await rules(conn, instansi, before=version + 1, limit=1)
    return found


async def rules_in_force(conn: AsyncConnection, instansi: str | None = None) -> list[Publication]:
    """What others are told of the rules that hold now: of this instansi, or of each that the connection sees."""
    sql = """
        SELECT instansi, zone, first_day, holidays, policy, suspended FROM heard_instansi
        WHERE ($1::text IS NULL OR instansi = $1) ORDER BY instansi
    """
    return [
        Publication(
            code,
            instansi_source(code),
            InstansiChanged(
                zone=zone,
                first_day=first_day,
                holidays=tuple(holidays),
                policy=Policy.model_validate(policy),
                suspended=suspended,
            ),
        )
        for code, zone, first_day, holidays, policy, suspended in await fetch(conn, sql, instansi)
    ]


async def announce_due_rules(db: Database) -> None:
    """Rules recorded for a day to come are told when the day has begun."""

    async def work(conn: AsyncConnection) -> None:
        [row] = await fetch(conn, "SELECT now()")
        context = Context(
            instansi="", actor=None, role="system", now=row[0], correlation_id=str(fresh_id()), origin="reaction"
        )
        await publish_state(conn, context, await rules_in_force(conn))

    await db.run(work)
