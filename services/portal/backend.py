"""Asking the other services, with the rights of whoever signed in."""

import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from services.portal.account.store import Signed
from shared.observability.logging import correlation_id
from shared.web.messages import Language
from shared.web.signing import signed_token
from shared.web.tokens import EVERY_INSTANSI, Role

ISSUER = "kinerja-portal"
_LIFE = timedelta(minutes=5)
_RENEWED_BEFORE = 60
_TIMEOUT = httpx.Timeout(10, connect=2)
_OUTAGES = {502, 503, 504}


class Unanswered(Exception):
    """A service did not do what it was asked; `problem` says why, as RFC 9457 has it, in the language asked for."""

    def __init__(self, service: str, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{service}: {status} {problem.get('code')}")
        self.service, self.status, self.problem = service, status, problem


class Refused(Unanswered):
    """The service said no."""


class Away(Unanswered):
    """The service cannot be reached now; what was asked may be asked again."""


class Backend:
    """The services by their names and addresses."""

    def __init__(self, addresses: Mapping[str, str], signing_key: Path, issuer: str) -> None:
        """`signing_key` is a file: it is read when a token is made, so that it may be changed at run time."""
        self._key, self._issuer = signing_key, issuer
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20)
        self._http = {
            name: httpx.AsyncClient(base_url=url, timeout=_TIMEOUT, trust_env=False, limits=limits)
            for name, url in addresses.items()
        }
        self._tokens: dict[tuple[str, UUID | None, frozenset[Role]], tuple[float, str]] = {}

    async def call(
        self,
        method: str,
        service: str,
        path: str,
        *,
        instansi: str,
        signed: Signed | None,
        language: Language,
        body: Any = None,
        params: Any = None,
        seen: int | None = None,
    ) -> Any:
        """The answer's JSON (None without content). `signed` None: as the portal itself; `seen`: the version a decision
        is about. Refused, Away."""
        headers = {
            "Authorization": f"Bearer {self._token(instansi, signed)}",
            "Accept-Language": language,
            "X-Correlation-ID": correlation_id() or "",
        }
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        content = {} if body is None else {"json": body}
        try:
            answer = await self._http[service].request(
                method, f"/api/v1/{instansi}{path}", headers=headers, params=params, **content
            )
        except httpx.HTTPError as error:
            raise Away(service, 503, {"code": "service-away", "cause": type(error).__name__}) from None
        if answer.is_success:
            return answer.json() if answer.content else None
        problem = _problem(answer)
        raise (Away if answer.status_code in _OUTAGES else Refused)(service, answer.status_code, problem)

    def _token(self, instansi: str, signed: Signed | None) -> str:
        """One token serves a person for minutes: services remember those they have verified."""
        who = (instansi, signed.employee, signed.roles) if signed else (EVERY_INSTANSI, None, frozenset({Role.SYSTEM}))
        now = time.monotonic()
        kept = self._tokens.get(who)
        if kept is None or kept[0] < now:
            if len(self._tokens) > 10_000:
                self._tokens.clear()
            token = signed_token(
                self._key.read_bytes(),
                issuer=self._issuer,
                instansi=who[0],
                roles=sorted(who[2]),
                employee=who[1],
                subject="" if signed else "portal",
                lifetime=_LIFE,
            )
            kept = self._tokens[who] = now + _LIFE.total_seconds() - _RENEWED_BEFORE, token
        return kept[1]

    async def close(self) -> None:
        """Close the connections."""
        for client in self._http.values():
            await client.aclose()


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"code": "service-away", "status": answer.status_code}
