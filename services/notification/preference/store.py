"""What a person chose about notices, and what an instansi did."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import time
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.notice.catalogue import Language
from shared.eventstore.rows import fetch

_PUT = """
INSERT INTO preference (instansi, employee, language, mail, quiet_from, quiet_to) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (instansi, employee) DO UPDATE SET language = excluded.language, mail = excluded.mail,
    quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to, updated_at = now()
RETURNING instansi
"""
_PUT_SETTING = """
INSERT INTO setting (instansi, notify_imports, updated_by) VALUES ($1, $2, $3)
ON CONFLICT (instansi) DO UPDATE SET notify_imports = excluded.notify_imports, updated_by = excluded.updated_by,
    updated_at = now()
RETURNING instansi
"""
_PUT_CONTACTS = """
WITH gone AS (DELETE FROM hr_contact WHERE instansi = $1 AND employee <> ALL($2::uuid[]))
INSERT INTO hr_contact (instansi, employee, updated_by) SELECT $1, unnest($2::uuid[]), $3 ON CONFLICT DO NOTHING
RETURNING employee
"""


@dataclass(frozen=True, slots=True)
class Preference:
    """Language of notices, whether they come by mail too, and the hours in which no mail comes (local time)."""

    language: Language = "id"
    mail: bool = True
    quiet_from: time | None = None
    quiet_to: time | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """Whether imported facts are told, and who gets the notices meant for hr."""

    notify_imports: bool
    hr_contacts: tuple[UUID, ...]


async def preference_of(conn: AsyncConnection, instansi: str, employee: UUID) -> Preference:
    """What the person chose, or the defaults."""
    sql = "SELECT language, mail, quiet_from, quiet_to FROM preference WHERE instansi = $1 AND employee = $2"
    for row in await fetch(conn, sql, instansi, employee):
        return Preference(*row)
    return Preference()


async def keep_preference(conn: AsyncConnection, instansi: str, employee: UUID, chosen: Preference) -> None:
    """Replace what the person chose."""
    values = chosen.language, chosen.mail, chosen.quiet_from, chosen.quiet_to
    await fetch(conn, _PUT, instansi, employee, *values)


async def setting_of(conn: AsyncConnection, instansi: str) -> Setting:
    """What the instansi chose, or the defaults: imports are not told, and nobody speaks for hr."""
    imports = await fetch(conn, "SELECT notify_imports FROM setting WHERE instansi = $1", instansi)
    contacts = await fetch(conn, "SELECT employee FROM hr_contact WHERE instansi = $1 ORDER BY 1", instansi)
    return Setting(bool(imports and imports[0][0]), tuple(row[0] for row in contacts))


async def keep_setting(
    conn: AsyncConnection, instansi: str, notify_imports: bool, hr_contacts: Collection[UUID], by: UUID | None
) -> None:
    """Replace what the instansi chose; `by` is kept beside it."""
    await fetch(conn, _PUT_SETTING, instansi, notify_imports, by)
    await fetch(conn, _PUT_CONTACTS, instansi, sorted(set(hr_contacts)), by)
