"""Accounts, links that set a password, and sessions, in the database."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import Refusal
from shared.eventstore.rows import fetch
from shared.web.tokens import Role

INVITED_FOR = timedelta(days=7)
#: A session of a shared computer, and one of a device that is somebody's own.
SHORT, LONG = timedelta(hours=12), timedelta(days=30)
#: Seen again within this time a session is not written to.
_SEEN_EVERY = timedelta(minutes=5)
#: So many wrong passwords are free; each further one keeps the account shut for longer, at most for a quarter of an hour.
FREE_FAILURES = 5
_ROLES = {Role.STAFF, Role.HR, Role.LEADER, Role.AUDITOR}

_PUT = """
INSERT INTO account AS a (instansi, employee, login, roles, changed_by) VALUES ($1, $2, $3, $4::text[], $5)
ON CONFLICT (instansi, employee) DO UPDATE
SET login = excluded.login, roles = excluded.roles, changed_at = now(), changed_by = excluded.changed_by
WHERE (a.login, a.roles) IS DISTINCT FROM (excluded.login, excluded.roles)
RETURNING 1
"""
#: Counted before the password is looked at: many tries at once are as many as one after the other.
_TRY = """
UPDATE account SET failures = failures + 1,
    locked_until = CASE WHEN failures + 1 > $3 THEN now() + interval '15 seconds' * 2 ^ least(failures + 1 - $3, 6) END
WHERE instansi = $1 AND employee = $2 AND (locked_until IS NULL OR locked_until <= now()) RETURNING 1
"""
_PERSON = """
SELECT s.employee, a.roles, s.seen_at, s.expires_at FROM session s JOIN account a USING (instansi, employee)
JOIN heard_employee e ON e.instansi = s.instansi AND e.id = s.employee AND e.active
WHERE s.instansi = $1 AND s.token = $2 AND s.expires_at > $3
"""


class AccountUnknown(Refusal):
    """The employee has no account."""

    code = "account-unknown"
    status = 404


class LinkExpired(Refusal):
    """The link was used, has expired, was replaced by a newer one or never existed."""

    code = "link-expired"
    status = 410


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in; `password` is None until the first link was used."""

    employee: UUID
    password: str | None
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Signed:
    """Whose session it is."""

    employee: UUID
    roles: frozenset[Role]


def roles_of(names: Collection[str]) -> frozenset[Role]:
    """The roles of an account: everybody is staff, but for those who only look."""
    more = {Role(name) for name in names} & _ROLES
    return frozenset(more if more == {Role.AUDITOR} else more | {Role.STAFF})


async def put(
    conn: AsyncConnection, instansi: str, employee: UUID, login: bytes, roles: Collection[str], by: str
) -> bool:
    """Make an account or change its roles; whether anything changed."""
    return bool(await fetch(conn, _PUT, instansi, employee, login, sorted(roles), by))


async def find(
    conn: AsyncConnection, instansi: str, *, employee: UUID | None = None, login: bytes | None = None
) -> Account | None:
    """The account of an employee, or the one that last signed in with this NIP."""
    sql = """
        SELECT employee, password, locked_until FROM account
        WHERE instansi = $1 AND (employee = $2 OR $2::uuid IS NULL AND login = $3) ORDER BY changed_at DESC LIMIT 1
    """
    rows = await fetch(conn, sql, instansi, employee, login)
    return Account(*rows[0]) if rows else None


async def held_roles(conn: AsyncConnection, instansi: str, employee: UUID) -> set[str]:
    """The roles of an account besides staff, until the transaction ends; none where there is no account."""
    sql = "SELECT roles FROM account WHERE instansi = $1 AND employee = $2 FOR UPDATE"
    return {role for row in await fetch(conn, sql, instansi, employee) for role in row[0]}


async def lock(conn: AsyncConnection, instansi: str, employee: UUID, by: str) -> None:
    """Forget the password, links and sessions. AccountUnknown."""
    sql = """
        UPDATE account SET password = NULL, changed_at = now(), changed_by = $3 WHERE instansi = $1 AND employee = $2
        RETURNING 1
    """
    if not await fetch(conn, sql, instansi, employee, by):
        raise _unknown(employee)
    await fetch(conn, "DELETE FROM invitation WHERE instansi = $1 AND employee = $2", instansi, employee)
    await sign_out_everywhere(conn, instansi, employee)


async def may_try(conn: AsyncConnection, instansi: str, employee: UUID) -> bool:
    """Whether a password may be tried now, which is counted as a wrong one until somebody signs in."""
    return bool(await fetch(conn, _TRY, instansi, employee, FREE_FAILURES))


async def invite(
    conn: AsyncConnection, instansi: str, employee: UUID, token: bytes, by: str, now: datetime
) -> datetime:
    """Let a link set the password until the moment returned; links made before are void. AccountUnknown."""
    until = now + INVITED_FOR
    if not await fetch(
        conn, "SELECT true FROM account WHERE instansi = $1 AND employee = $2 FOR UPDATE", instansi, employee
    ):
        raise _unknown(employee)
    await fetch(conn, "DELETE FROM invitation WHERE instansi = $1 AND employee = $2", instansi, employee)
    await fetch(conn, "INSERT INTO invitation VALUES ($1, $2, $3, $4, $5)", instansi, token, employee, until, by)
    return until


async def invited(conn: AsyncConnection, instansi: str, token: bytes, now: datetime) -> UUID:
    """Whose password a link sets. LinkExpired."""
    sql = "SELECT employee FROM invitation WHERE instansi = $1 AND token = $2 AND expires_at > $3 FOR UPDATE"
    rows = await fetch(conn, sql, instansi, token, now)
    if not rows:
        raise LinkExpired("Minta tautan baru kepada HR instansi Anda. / Ask your instansi's HR for a new link.")
    employee: UUID = rows[0][0]
    return employee


async def set_password(conn: AsyncConnection, instansi: str, employee: UUID, password: str) -> None:
    """Set it; whoever was signed in with the old one is signed out, and links are void."""
    sql = """
        UPDATE account SET password = $3, failures = 0, locked_until = NULL, changed_at = now(), changed_by = $2::text
        WHERE instansi = $1 AND employee = $2 RETURNING 1
    """
    await fetch(conn, sql, instansi, employee, password)
    await fetch(conn, "DELETE FROM invitation WHERE instansi = $1 AND employee = $2", instansi, employee)
    await sign_out_everywhere(conn, instansi, employee)


async def sign_in(
    conn: AsyncConnection, instansi: str, employee: UUID, login: bytes, token: bytes, until: datetime
) -> None:
    """Begin a session; from now on this NIP is known for the account."""
    sql = "UPDATE account SET failures = 0, locked_until = NULL, login = $3 WHERE instansi = $1 AND employee = $2 RETURNING 1"
    await fetch(conn, sql, instansi, employee, login)
    sql = "INSERT INTO session (instansi, token, employee, expires_at) VALUES ($1, $2, $3, $4)"
    await fetch(conn, sql, instansi, token, employee, until)


async def signed_in(conn: AsyncConnection, instansi: str, token: bytes, now: datetime) -> Signed | None:
    """Whose session it is, while it lasts and its person is active; None otherwise."""
    rows = await fetch(conn, _PERSON, instansi, token, now)
    if not rows:
        return None
    employee, roles, seen, _ = rows[0]
    if now - seen > _SEEN_EVERY:
        await fetch(conn, "UPDATE session SET seen_at = $3 WHERE instansi = $1 AND token = $2", instansi, token, now)
    return Signed(employee, roles_of(roles))


async def sign_out(conn: AsyncConnection, instansi: str, token: bytes) -> None:
    """End one session."""
    await fetch(conn, "DELETE FROM session WHERE instansi = $1 AND token = $2", instansi, token)


async def sign_out_everywhere(conn: AsyncConnection, instansi: str, employee: UUID) -> None:
    """End every session of a person."""
    await fetch(conn, "DELETE FROM session WHERE instansi = $1 AND employee = $2", instansi, employee)


def _unknown(employee: UUID) -> AccountUnknown:
    return AccountUnknown("Buat akunnya dahulu. / Make the account first.", employee=str(employee))
