"""Who may sign in: made by HR or ops, for employees whom the directory knows."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from services.portal.account import secrets, store
from services.portal.backend import Away, Backend
from shared.errors import Forbidden, Refusal
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, requires
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Body
from shared.web.messages import language
from shared.web.tokens import Role

router = APIRouter(tags=["accounts"])

HR = Annotated[Caller, Depends(requires("hr", "system"))]


class NipUnknown(Refusal):
    """The directory knows nobody active with this NIP."""

    code = "nip-unknown"
    status = 404


class ServiceAway(Refusal):
    """The directory cannot be asked now."""

    code = "service-away"
    status = 503


class AccountIn(Body):
    """Who may sign in, and as what besides staff; an auditor alone only looks."""

    nip: Annotated[str, Field(pattern=r"^[0-9 ]{18,23}$")]
    roles: tuple[Literal["hr", "leader", "auditor"], ...] = ()


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
    if {"hr", "auditor"} & set(body.roles) and Role.SYSTEM not in caller.roles:
        raise Forbidden(
            "Peran hr dan auditor diberi oleh pengelola sistem. / Roles hr and auditor are given by operators."
        )
    nip = "".join(body.nip.split())
    employee = await _employee(request, caller.instansi, nip)
    login = secrets.keyed(request.app.state.portal_key, "login", caller.instansi, nip)
    async with db.transaction(caller.instansi) as conn:
        await store.put(conn, caller.instansi, employee, login, body.roles, caller.id)
        account = await store.find(conn, caller.instansi, employee=employee)
    assert account is not None
    return AccountOut(employee=employee, roles=sorted(body.roles), password_set=account.password is not None)


@router.post("/accounts/{employee}/link")
async def make_link(employee: UUID, caller: HR, context: ContextDep, db: DbDep) -> Link:
    """A link with which the person sets a password; links made before are void. AccountUnknown."""
    token = secrets.new_token()
    async with db.transaction(caller.instansi) as conn:
        until = await store.invite(conn, caller.instansi, employee, secrets.digest(token), caller.id, context.now)
    return Link(employee=employee, path=f"/i/{caller.instansi}/sandi/{token}", expires_at=until)


@router.get("/accounts")
async def list_accounts(caller: HR, db: DbDep) -> list[AccountOut]:
    """Every account of the instansi."""
    sql = "SELECT employee, roles, password IS NOT NULL FROM account WHERE instansi = $1 ORDER BY employee"
    async with db.transaction(caller.instansi) as conn:
        rows = await fetch(conn, sql, caller.instansi)
    return [AccountOut(employee=row[0], roles=row[1], password_set=row[2]) for row in rows]


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
