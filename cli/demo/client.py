"""Requests of one person or another of an agency, patient while a service is away or has not heard of something yet."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from cli.system import System, Unreachable, mint

BATCH = 500
PATIENCE_SECONDS = 120
_TOKEN_LIFE = timedelta(days=30)
_AWAY = {429, 502, 503, 504}
#: Refusals that end by themselves once the service has heard what another one told.
_UNHEARD = {
    *("unknown-instansi", "unknown-employee", "unknown-indicator", "unknown-unit", "unknown-competency", "not-found"),
    *("superior-unknown", "not-the-superior", "forbidden", "period-not-sealed"),
}


class Refusal(Exception):
    """A service said no; `code` is its stable name for why."""

    def __init__(self, where: str, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{where}: {problem.get('code')}: {problem.get('detail')} {problem.get('errors') or ''}")
        self.code = str(problem.get("code"))


class Voice:
    """Speaks for the people of one agency. `ids` are their opaque ids, known once the roster is in."""

    def __init__(self, system: System, http: httpx.AsyncClient, instansi: str, at_once: asyncio.Semaphore) -> None:
        self.instansi, self.ids = instansi, dict[str, UUID]()
        self._system, self._http, self._at_once = system, http, at_once
        self._tokens: dict[tuple[str | None, str], str] = {}

    async def call(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        who: str | None = None,
        role: str = "staff",
        version: int | None = None,
        patient: bool = True,
        **params: Any,
    ) -> Any:
        """What the service answers to `who` in a role. Refusal; Unreachable after two minutes without an answer.

        A `patient` caller also waits as long for what the service has not heard of yet.
        """
        request = self._http.build_request(
            method,
            f"{self._system.service(service)}/api/v1/{self.instansi}{path}",
            content=None if body is None else orjson.dumps(body),
            params=params,
            headers={"Authorization": f"Bearer {self._token(who, role)}", "Content-Type": "application/json"}
            | ({} if version is None else {"If-Match": f'"{version}"'}),
        )
        until, pause = time.monotonic() + PATIENCE_SECONDS, 0.1
        while True:
            answer = await self._send(request)
            if answer is not None and answer.is_success:
                return orjson.loads(answer.content) if answer.content else None
            refusal = _refusal(request, answer)
            final = isinstance(refusal, Refusal) and not (patient and refusal.code in _UNHEARD)
            if final or time.monotonic() > until:
                raise refusal
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2)

    async def batch(
        self,
        service: str,
        path: str,
        items: Sequence[Any],
        *,
        who: str | None = None,
        role: str = "staff",
        method: str = "POST",
    ) -> list[dict[str, Any]]:
        """What became of each item, in batches; those that refer to something unheard of are sent again. Refusal."""
        answers: dict[int, dict[str, Any]] = {}
        waiting = list(range(len(items)))
        until, pause = time.monotonic() + PATIENCE_SECONDS, 0.1
        while waiting:
            again: list[int] = []
            for start in range(0, len(waiting), BATCH):
                part = waiting[start : start + BATCH]
                body = {"items": [items[index] for index in part]}
                results = (await self.call(method, service, path, body, who=who, role=role))["results"]
                for index, result in zip(part, results, strict=True):
                    if result.get("code") not in _UNHEARD and result.get("code"):
                        raise Refusal(f"{path} {items[index]}", result)
                    answers[index] = result
                    if result.get("code"):
                        again.append(index)
            if again and time.monotonic() > until:
                raise Refusal(f"{path} {items[again[0]]}", answers[again[0]])
            waiting = again
            if waiting:
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2)
        return [answers[index] for index in range(len(items))]

    async def everything(self, service: str, path: str, *, who: str, role: str = "hr", **params: Any) -> list[Any]:
        """All items of a list, page after page."""
        found: list[Any] = []
        while True:
            page = await self.call("GET", service, path, who=who, role=role, limit=200, **params)
            found += page["items"]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    def _token(self, who: str | None, role: str) -> str:
        if (who, role) not in self._tokens:
            employee = None if who is None else self.ids[who]
            self._tokens[who, role] = mint(self._system.data, self.instansi, [role], employee, _TOKEN_LIFE)
        return self._tokens[who, role]

    async def _send(self, request: httpx.Request) -> httpx.Response | None:
        async with self._at_once:
            try:
                return await self._http.send(request)
            except httpx.TransportError:
                return None


def _refusal(request: httpx.Request, answer: httpx.Response | None) -> Exception:
    where = f"{request.method} {request.url.path}"
    if answer is None or answer.status_code in _AWAY:
        return Unreachable(f"{where} gets no answer. Run the same command again: it goes on where it stopped.")
    try:
        return Refusal(where, answer.json())
    except ValueError:
        return Refusal(where, {"code": answer.status_code, "detail": answer.text[:300]})
