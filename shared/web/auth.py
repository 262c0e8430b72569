"""Who may ask: FastAPI dependencies over the bearer token, for the routes under `/api/v1/{instansi}`."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.errors import Refusal
from shared.web.tokens import EVERY_INSTANSI, INSTANSI_PATTERN, Caller, Role, TokenMissing, TokenVerifier

__all__ = ["Caller", "CallerDep", "Role", "caller_of", "employee_of", "operator", "requires"]

READING = frozenset({"GET", "HEAD"})
_bearer = HTTPBearer(auto_error=False, description="JWT with instansi and roles; audience kinerja")


class OtherInstansi(Refusal):
    """The token belongs to another instansi than the path."""

    code = "other-instansi"
    status = 403


class RoleRequired(Refusal):
    """The route needs a role that the token does not carry."""

    code = "role-required"
    status = 403


class EmployeeRequired(Refusal):
    """The route acts for an employee, the token names none."""

    code = "employee-required"
    status = 403


async def caller_of(
    request: Request,
    instansi: Annotated[str, Path(pattern=INSTANSI_PATTERN, description="the employer, e.g. medan")],
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """The caller, whose token must be of the path's instansi, or that of a system for every instansi.

    With no role but auditor a caller only reads, also about themself.
    """
    caller = await _verified(request, credentials)
    if caller.instansi == EVERY_INSTANSI:
        caller = replace(caller, instansi=instansi)
    request.state.caller = caller
    if caller.instansi != instansi:
        raise OtherInstansi(
            "Token ini milik instansi lain. / This token belongs to another instansi.",
            token_instansi=caller.instansi,
        )
    if caller.roles == {Role.AUDITOR} and request.method not in READING:
        raise RoleRequired("Pengawas hanya membaca. / An auditor only reads.", roles=[Role.STAFF])
    return caller


async def _verified(request: Request, credentials: HTTPAuthorizationCredentials | None) -> Caller:
    if credentials is None:
        raise TokenMissing(
            "Kirim header Authorization: Bearer <token>. / Send the header Authorization: Bearer <token>."
        )
    verifier: TokenVerifier = request.app.state.tokens
    return await verifier.verify(credentials.credentials)


async def operator(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Lets in who runs the system: a token of role system for every instansi."""
    caller = await _verified(request, credentials)
    request.state.caller = caller
    if caller.instansi != EVERY_INSTANSI:
        raise RoleRequired(
            "Diperlukan token sistem untuk semua instansi. / A system's token for every instansi is required.",
            roles=[Role.SYSTEM],
        )


CallerDep = Annotated[Caller, Depends(caller_of)]


def requires(*roles: str) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency that lets in callers with at least one of the roles."""
    wanted = [Role(role) for role in roles]

    async def with_role(caller: CallerDep) -> Caller:
        if caller.roles.isdisjoint(wanted):
            names = ", ".join(wanted)
            raise RoleRequired(
                f"Diperlukan salah satu peran: {names}. / One of these roles is required: {names}.",
                roles=wanted,
            )
        return caller

    return with_role


def employee_of(caller: Caller) -> UUID:
    """The employee who acts; EmployeeRequired for a system's token."""
    if caller.employee is None:
        raise EmployeeRequired(
            "Token ini tidak menyebut pegawai. / This token names no employee.", caller=caller.subject
        )
    return caller.employee
