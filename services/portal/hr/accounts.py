"""What HR sees of accounts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.rows import fetch

_ACCOUNTS = """
SELECT a.employee, a.roles, a.password IS NOT NULL, a.locked_until,
    (SELECT max(i.expires_at) FROM invitation i WHERE i.instansi = a.instansi AND i.employee = a.employee AND i.expires_at > $3),
    (SELECT count(*) FROM session s WHERE s.instansi = a.instansi AND s.employee = a.employee AND s.expires_at > $3)
FROM account a WHERE a.instansi = $1 AND a.employee = ANY($2::uuid[])
"""

State = Literal["paused", "active", "invited", "shut"]


@dataclass(frozen=True, slots=True)
class AccountState:
    """An account: how it stands, until when a link of it works, on how many devices its person is signed in.

    `paused`: too many wrong passwords, until `paused_until`; `shut`: without password or link, nobody gets in.
    """

    roles: frozenset[str]
    state: State
    paused_until: datetime | None
    invited_until: datetime | None
    sessions: int


async def states(
    conn: AsyncConnection, instansi: str, employees: Collection[str], now: datetime
) -> dict[str, AccountState]:
    """The accounts of these people, by employee; whoever has none is missing."""
    wanted = [UUID(employee) for employee in employees]
    found = {}
    for employee, roles, password, locked, invited, sessions in await fetch(conn, _ACCOUNTS, instansi, wanted, now):
        paused = locked if locked and locked > now else None
        state: State = "paused" if paused and password else "active" if password else "invited" if invited else "shut"
        found[str(employee)] = AccountState(frozenset(roles), state, paused, invited, sessions)
    return found
