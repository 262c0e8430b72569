"""Bearer tokens: what a valid one says about its caller, and why another is refused."""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import jwt

from shared.errors import Refusal
from shared.web.keys import KeySource

AUDIENCE = "kinerja"
DEVELOPMENT_ISSUER = "kinerja-development"
INSTANSI_PATTERN = r"^[a-z0-9-]{1,63}$"
#: The instansi in the token of a system that works for all of them, such as a service that asks another.
EVERY_INSTANSI = "*"


class Role(StrEnum):
    """What a token may say about its holder; authority over a person comes from directory, never from it."""

    STAFF = "staff"
    HR = "hr"
    LEADER = "leader"
    AUDITOR = "auditor"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: one employee, or a system without one, of one instansi (a system also of EVERY_INSTANSI)."""

    instansi: str
    employee: UUID | None
    roles: frozenset[Role]
    token_id: str
    subject: str = ""

    @property
    def id(self) -> str:
        """Names the caller in logs and idempotency keys; equal for all tokens of one employee or system."""
        return str(self.employee or self.subject or self.token_id)


class TokenMissing(Refusal):
    code = "token-missing"
    status = 401


class TokenExpired(Refusal):
    code = "token-expired"
    status = 401


class TokenInvalid(Refusal):
    code = "token-invalid"
    status = 401


class DevelopmentTokenRefused(Refusal):
    code = "development-token-refused"
    status = 401


class TokenVerifier:
    """Checks signature (EdDSA, ES256, RS256), `exp`, `aud`, `iss`, and reads the caller's claims.

    Claims: `instansi`, `roles` (list), `employee` (UUID; absent for systems), `sub`, `jti`. A verified token
    is remembered by its hash until it expires, because a signature costs more than the rest of a request.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        issuers: Collection[str],
        environment: str,
        remembered: int = 10_000,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuers = frozenset(issuers)
        self._embedded = environment == "embedded"
        self._remembered = remembered
        self._clock = clock
        self._verified: OrderedDict[bytes, tuple[int, Caller]] = OrderedDict()
        self._generation = keys.generation

    async def verify(self, token: str) -> Caller:
        """The token's caller; raises one of this module's refusals, or KeysUnavailable."""
        await self._keys.refresh(known=True)
        if self._generation != self._keys.generation:
            self._verified.clear()
            self._generation = self._keys.generation
        digest = hashlib.sha256(token.encode()).digest()
        remembered = self._verified.get(digest)
        if remembered is None:
            remembered = await self._check(token)
            self._verified[digest] = remembered
            if len(self._verified) > self._remembered:
                self._verified.popitem(last=False)
        expires, caller = remembered
        if expires <= self._clock():
            raise _expired()
        self._verified.move_to_end(digest)
        return caller

    async def _check(self, token: str) -> tuple[int, Caller]:
        try:
            header = jwt.get_unverified_header(token)
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        except (jwt.PyJWTError, ValueError) as error:
            raise _invalid("is not a JWT") from error
        if issuer == DEVELOPMENT_ISSUER and not self._embedded:
            raise DevelopmentTokenRefused(
                "Token pengembangan hanya berlaku pada sistem lokal (kinerja up). / "
                "Development tokens are valid only in the embedded system (kinerja up)."
            )
        kid = header.get("kid")
        key = await self._keys.key(kid) if isinstance(kid, str) else None
        if key is None:
            raise _invalid("is signed with an unknown key")
        claims = self._claims(token, key)
        return int(claims["exp"]), _caller(claims)

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],  # the key decides how a token is checked, never the token
                audience=AUDIENCE,
                issuer=self._issuers,
                options={"require": ["exp", "aud", "iss"], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise _expired() from error
        except jwt.InvalidAudienceError as error:
            raise _invalid(f"is not made for the audience {AUDIENCE}") from error
        except jwt.InvalidIssuerError as error:
            raise _invalid("comes from an issuer this system does not trust") from error
        except jwt.MissingRequiredClaimError as error:
            raise _invalid(f"lacks the claim {error.claim}") from error
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise _invalid("has a wrong signature or wrong claims") from error


def _caller(claims: Mapping[str, Any]) -> Caller:
    instansi, roles, employee = claims.get("instansi"), claims.get("roles"), claims.get("employee")
    if not isinstance(roles, list) or not roles or not all(isinstance(role, str) for role in roles):
        raise _invalid("has no list of roles")
    try:
        known = frozenset(Role(role) for role in roles)
    except ValueError as error:
        raise _invalid(f"has a role other than {', '.join(Role)}") from error
    try:
        person = None if employee is None else UUID(employee)
    except (ValueError, AttributeError, TypeError) as error:
        raise _invalid("names an employee that is not a UUID") from error
    everywhere = instansi == EVERY_INSTANSI and known == {Role.SYSTEM} and person is None
    if not isinstance(instansi, str) or not (everywhere or re.fullmatch(INSTANSI_PATTERN, instansi)):
        raise _invalid("names no valid instansi")
    if Role.STAFF in known and person is None:
        raise _invalid("has the role staff without an employee")
    subject = str(claims.get("sub", ""))
    return Caller(instansi, person, known, str(claims.get("jti", "")) or subject, subject)


def _expired() -> TokenExpired:
    return TokenExpired("Token sudah kedaluwarsa; minta token baru. / The token has expired; ask for a new one.")


def _invalid(why: str) -> TokenInvalid:
    return TokenInvalid(f"Token tidak sah; minta token baru. / The token {why}; ask for a new one.")
