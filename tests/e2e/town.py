"""A running system as its users meet it: HTTP with their tokens, the public feed, the mailbox; and what lies behind it."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from click.testing import CliRunner
from nats.js.client import JetStreamContext

from cli.main import main
from cli.system import database_url, nats_login
from deploy.services import service_names
from shared.calendar import Period, PeriodKind, local_date
from shared.ids import fresh_id
from shared.messaging.streams import connect
from shared.testing.system import EmbeddedSystem

PATIENCE = 60.0
#: What is no part of the record or of what is read: the road, and marks that let nothing count twice.
_ROAD = {"outbox", "idempotency"}
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'instansi'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1
"""
#: Those of a suspended agency wait for as long as it is.
_MAILS = """
SELECT count(*) FROM notice WHERE status = 'waiting' AND due_at < now() + interval '5 seconds'
    AND instansi NOT IN (SELECT instansi FROM heard_instansi WHERE suspended)
"""

Answer = httpx.Response


def until(found: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `found` returns once it is something; AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"waited {seconds} seconds in vain"
        time.sleep(0.05)
    return value


class Town:
    """One embedded system."""

    def __init__(self, system: EmbeddedSystem) -> None:
        run = system.data.run()
        assert run
        self.system, self.urls = system, dict(run["services"])
        self.http = httpx.Client(timeout=30, trust_env=False)
        self._loop = asyncio.Runner()
        self._databases: dict[str, asyncpg.Connection[Any]] = {}
        self._tables: dict[str, list[str]] = {}

    def leave(self) -> None:
        """Close what is open."""
        for database in self._databases.values():
            self._loop.run(database.close())
        self._loop.close()
        self.http.close()

    def token(self, instansi: str, *roles: str, employee: UUID | str | None = None, **more: Any) -> str:
        """A token of the system's own key."""
        person = UUID(str(employee)) if employee else None
        return self.system.token(instansi, *roles, employee=person, **more)

    def ask(
        self, token: str | None, instansi: str, service: str, method: str, path: str, body: Any = None, **more: Any
    ) -> Answer:
        """One request; `more` are httpx's own arguments."""
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        content = {} if body is None else {"json": body}
        url = f"{self.urls[service]}/api/v1/{instansi}{path}"
        return self.http.request(method, url, headers=headers, **content, **more)

    def kinerja(self, *arguments: object, code: int = 0) -> str:
        """Run a command, without a process of its own; what it printed. It must end with the exit code `code`."""
        others = {name: None for name in os.environ if name.startswith("KINERJA_")}
        words = [*map(str, arguments), "--data", str(self.system.data.root)]
        done = CliRunner().invoke(main, words, env=others)
        assert done.exit_code == code, f"{arguments}: {done.output} {done.exception!r}"
        return done.stdout if code == 0 else done.output

    def feed(self, instansi: str) -> list[dict[str, Any]]:
        """The public messages of an instansi, as an outside system gets them."""
        return [json.loads(line) for line in self.kinerja("events", "--json", "--instansi", instansi).splitlines()]

    def mails(self) -> list[EmailMessage]:
        """Every mail that left."""
        self.system.fetch_mails()
        files = sorted(self.system.data.mails.glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def log(self, service: str) -> list[dict[str, Any]]:
        """What a service logged."""
        self.system.fetch_logs()
        lines = (self.system.data.logs / f"{service}.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def sql(self, service: str, sql: str, *parameters: Any) -> list[Any]:
        """Read a service's database in the role of its worker, which sees every instansi."""

        async def read() -> list[Any]:
            if service not in self._databases:
                url = database_url(self.system.data, service, "worker").replace("+asyncpg", "")
                self._databases[service] = await asyncpg.connect(url)
            return [tuple(row) for row in await self._databases[service].fetch(sql, *parameters)]

        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return self._loop.run(read())
            except (asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError, OSError):
                self._databases.pop(service, None)  # the server was started anew since, or is just starting
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)

    def counts(self, service: str, instansi: str) -> dict[str, int]:
        """How many rows of an instansi each table of a service has, the outbox included."""
        return {name: len(rows) for name, rows in self._rows(service, [instansi]).items()}

    def kept(self, *instansi: str) -> dict[str, list[str]]:
        """Every row of these in every table but those of the road, by service and table."""
        tables: dict[str, list[str]] = {}
        for service in service_names():
            rows = self._rows(service, instansi)
            tables |= {f"{service}.{name}": kept for name, kept in rows.items() if name not in _ROAD}
        return tables

    def _rows(self, service: str, instansi: Sequence[str]) -> dict[str, list[str]]:
        if service not in self._tables:
            self._tables[service] = [name for (name,) in self.sql(service, _TABLES)]
        tables = self._tables[service]
        each = (f"SELECT '{name}', to_jsonb(t)::text FROM {name} t WHERE t.instansi = ANY($1)" for name in tables)
        found: dict[str, list[str]] = {name: [] for name in tables}
        for name, row in self.sql(service, f"{' UNION ALL '.join(each)} ORDER BY 1, 2", list(instansi)):
            found[name].append(row)
        return found

    def road(self, work: Callable[[JetStreamContext], Awaitable[Any]], user: str = "admin") -> Any:
        """Do something on JetStream as this NATS user."""

        async def run() -> Any:
            inbox = "_INBOX" if user == "admin" else f"_INBOX_{user}"
            client = await connect(*nats_login(self.system.data, user), inbox_prefix=inbox)
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return self._loop.run(run())

    def settle(self) -> None:
        """Return once every message was sent and handled and every mail is out."""
        before: Any = None

        def quiet() -> bool:
            nonlocal before
            seen, before = before, self._busy()
            return before == seen and not any(before[1:])

        until(quiet)

    def _busy(self) -> tuple[Any, ...]:
        async def look(js: JetStreamContext) -> tuple[list[int], int]:
            last, pending = [], 0
            for name in service_names():
                last.append((await js.stream_info(name.upper())).state.last_seq)
                for each in await js.consumers_info(name.upper()):
                    if each.config.durable_name:
                        pending += (each.num_pending or 0) + (each.num_ack_pending or 0)
            return last, pending

        last, pending = self.road(look)
        unsent = sum(
            self.sql(name, "SELECT count(*) FROM outbox WHERE parked_at IS NULL")[0][0] for name in service_names()
        )
        mails = self.sql("notification", _MAILS)[0][0]
        return last, pending, unsent, mails


@dataclass(slots=True)
class Agency:
    """An instansi of the town: ids of its people by short names, and the last period, which is over."""

    town: Town
    code: str
    people: dict[str, str] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def today(self) -> Any:
        """The day it is there."""
        return local_date(datetime.now().astimezone(), "Asia/Jakarta")

    @property
    def last_month(self) -> Period:
        """The newest period that is over."""
        return Period.of(self.today, PeriodKind.MONTH).previous()

    def token(self, who: str) -> str:
        """The person's token."""
        return self.town.token(self.code, *self.roles.get(who, ("staff",)), employee=self.people[who])

    def ask(self, who: str, service: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """A request of one of its people, or of a `system`."""
        token = self.town.token(self.code, "system") if who == "system" else self.token(who)
        return self.town.ask(token, self.code, service, method, path, body, **more)

    def do(self, who: str, service: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """A request that must succeed; the answer, and for a batch that every item was accepted."""
        answer = self.ask(who, service, method, path, body, **more)
        assert answer.is_success, f"{who} {method} {path}: {answer.text}"
        told = answer.json()
        for item in told.get("results", []):
            assert "code" not in item, f"{who} {method} {path}: {item}"
        return told

    def found(self, rules: Mapping[str, Any], roster: Mapping[str, Mapping[str, Any]]) -> None:
        """Register it with these rules, and enter its people, by their short names."""
        first = self.last_month.first_day.isoformat()
        self.do("system", "directory", "PUT", "/instansi", {"zone": "Asia/Jakarta", "first_day": first, **rules})
        rows = [{"kind": "PNS", "valid_from": first, **row} for row in roster.values()]
        told = self.do("system", "directory", "POST", "/roster/batch", {"items": rows})
        self.people |= {who: result["id"] for who, result in zip(roster, told["results"], strict=True)}


def entry(day: object, quantity: str, indicator: str | None = None, **more: Any) -> dict[str, Any]:
    """An item of a batch of entries."""
    return {"id": str(fresh_id()), "day": str(day), "quantity": quantity, "indicator": indicator, **more}


def filled(body: Any, of: Mapping[str, Any]) -> Any:
    """The body with what its `{names}` stand for."""
    match body:
        case str():
            return body.format(**of)
        case list():
            return [filled(item, of) for item in body]
        case dict():
            return {key: filled(value, of) for key, value in body.items()}
        case _:
            return body
