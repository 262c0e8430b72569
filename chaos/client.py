"""A client as patient as those in people's hands: it repeats a command, unchanged, until that is accepted."""

import asyncio
from typing import Any
from uuid import UUID

import httpx

from chaos.journal import Journal
from chaos.system import System

_TIMEOUT = 15.0
_PAUSE = 0.3


class Client:
    """Talks to the services as the people of one office."""

    def __init__(self, system: System, journal: Journal, http: httpx.AsyncClient, code: str) -> None:
        self.system, self.journal, self.http, self.code = system, journal, http, code
        self.urls = {name: f"{url}/api/v1/{code}" for name, url in (system.data.run() or {})["services"].items()}
        self._tokens: dict[tuple[str, ...], str] = {}

    async def do(
        self, who: str, roles: str, service: str, method: str, path: str, body: Any = None, *, commands: int = 1
    ) -> Any:
        """Send until everything in it is accepted (2xx, and every item of a batch), then count `commands` accepted."""
        while True:
            answer = await self._once(who, roles, service, method, path, body)
            if answer is not None:
                told = answer.json()
                items = told.get("results", []) if isinstance(told, dict) else []
                refused = [item for item in items if "code" in item]
                if answer.is_success and not refused:
                    self.journal.accepted += commands
                    return told
                if answer.is_success:
                    self.journal.others.update(f"{item['status']} {item['code']}" for item in refused)
                else:
                    self.journal.others[f"{answer.status_code} {told.get('code', '')}"] += 1
            await asyncio.sleep(_PAUSE)

    async def look(self, who: str, roles: str, service: str, path: str) -> Any:
        """Read once; None when there was no good answer."""
        answer = await self._once(who, roles, service, "GET", path, None)
        return answer.json() if answer is not None and answer.is_success else None

    async def _once(
        self, who: str, roles: str, service: str, method: str, path: str, body: Any
    ) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {self._token(who, roles)}"}
        content = {} if body is None else {"json": body}
        url = f"{self.urls[service]}{path}"
        try:
            return await self.http.request(method, url, headers=headers, timeout=_TIMEOUT, **content)
        except httpx.HTTPError as error:
            self.journal.others[f"no answer: {type(error).__name__}"] += 1
            return None

    def _token(self, who: str, roles: str) -> str:
        if (who, roles) not in self._tokens:
            person = {"employee": UUID(who)} if who else {}
            self._tokens[who, roles] = self.system.token(self.code, *roles.split(), **person)
        return self._tokens[who, roles]
