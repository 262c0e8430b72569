"""Who may sign in: made by HR or ops, for employees whom the directory knows."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.portal.account import secrets, store
from services.portal.backend import Away, Backend
from shared.errors import Forbidden, Refusal
from shared.eventstore.rows import fetch
from shared.people.queries import known_rules
from shared.web.auth import Caller, requires
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body
from shared.web.messages import language
from shared.web.tokens import Role

router = APIRouter(tags=["accounts"])

HR = Annotated[Caller, Depends(requires("hr", "system"))]
_SEES_EVERYBODY = {"hr", "auditor"}


class NipUnknown(Refusal):
    """The directory knows nobody active with this NIP."""

    code = "nip-unknown"
    status = 404


class ServiceAway(Refusal):
    """The directory cannot be asked now."""

    code = "service-away"
    status = 503


class AccountIn(Body):
    """Who may sign in, and as what besides staff; an auditor alone only looks. Without roles those there are stay."""

    nip: Annotated[str, Field(pattern=r"^[0-9 ]{18,23}$")]
    roles: tuple[Literal["hr", "leader", "auditor"], ...] | None = None


class AccountOut(BaseModel):
    """An account."""

    employee: UUID
    roles: list[str]
    password_set: bool


class Link(BaseModel):
    """A link that sets the password once, until it expires; whoever has it is let in."""

    employee: UUID
    path: str
    expires_at: datetime


@router.post("/accounts")
async def put_account(body: AccountIn, request: Request, caller: HR, context: ContextDep, db: DbDep) -> AccountOut:
    """Make an account, or change its roles."""
    instansi, nip = caller.instansi, "".join(body.nip.split())
    async with db.transaction(instansi) as conn:
        await known_rules(conn, instansi)
    employee = await _employee(request, instansi, nip)
    login = secrets.keyed(request.app.state.portal_key, "login", instansi, nip)
    async with db.transaction(instansi) as conn:
        held = await store.held_roles(conn, instansi, employee)
        wanted = held if body.roles is None else set(body.roles)
        only_operators(caller, held ^ wanted)
        await store.put(conn, instansi, employee, login, wanted, caller.id)
        [account] = await _accounts(conn, instansi, employee)
    return account


@router.post("/accounts/{employee}/link")
async def make_link(employee: UUID, caller: HR, context: ContextDep, db: DbDep) -> Link:
    """A link with which the person sets a password; links made before are void. AccountUnknown."""
    token = secrets.new_token()
    async with db.transaction(caller.instansi) as conn:
        only_operators(caller, await store.held_roles(conn, caller.instansi, employee))
        until = await store.invite(conn, caller.instansi, employee, secrets.digest(token), caller.id, context.now)
    return Link(employee=employee, path=f"/i/{caller.instansi}/sandi/{token}", expires_at=until)


@router.post("/accounts/{employee}/lock")
async def lock(employee: UUID, caller: HR, context: ContextDep, db: DbDep) -> AccountOut:
    """Sign the person out everywhere and forget the password: only a new link lets them in again. AccountUnknown."""
    async with db.transaction(caller.instansi) as conn:
        only_operators(caller, await store.held_roles(conn, caller.instansi, employee))
        await store.lock(conn, caller.instansi, employee, caller.id)
        [account] = await _accounts(conn, caller.instansi, employee)
    return account


@router.get("/accounts")
async def list_accounts(caller: HR, db: DbDep) -> list[AccountOut]:
    """Every account of the instansi."""
    async with db.transaction(caller.instansi) as conn:
        return await _accounts(conn, caller.instansi)


async def _accounts(conn: AsyncConnection, instansi: str, employee: UUID | None = None) -> list[AccountOut]:
    sql = """
        SELECT employee, roles, password IS NOT NULL FROM account
        WHERE instansi = $1 AND (employee = $2 OR $2::uuid IS NULL) ORDER BY employee
    """
    rows = await fetch(conn, sql, instansi, employee)
    return [AccountOut(employee=row[0], roles=row[1], password_set=row[2]) for row in rows]


def only_operators(caller: Caller, roles: Collection[str]) -> None:
    """Who sees everybody is chosen by operators: HR neither gives nor takes these roles, nor gets into such an account."""
    if _SEES_EVERYBODY & set(roles) and Role.SYSTEM not in caller.roles:
        raise Forbidden(
            "Akun berperan hr atau auditor diurus pengelola sistem. / "
            "Accounts with the roles hr or auditor are for operators."
        )


async def _employee(request: Request, instansi: str, nip: str) -> UUID:
    backend: Backend = request.app.state.backend
    wanted = language(request.headers.get("accept-language", ""))
    body = {"purpose": "account", "nips": [nip]}
    try:
        answer = await backend.call(
            "POST", "directory", "/employees/lookup", instansi=instansi, signed=None, language=wanted, body=body
        )
    except Away:
        raise ServiceAway("Coba lagi sebentar. / Try again shortly.", service="directory") from None
    for person in answer["people"]:
        if person["active"]:
            return UUID(person["id"])
    raise NipUnknown("Periksa NIP, atau impor rosternya dahulu. / Check the NIP, or import the roster first.")
