"""What became of everything that was accepted: the journal against the five services, their record and the mailbox."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from fractions import Fraction
from typing import Any

import asyncpg

from chaos.journal import Journal, Office
from chaos.system import System
from deploy.services import service_names

#: The service, a statement and its parameters.
Read = Callable[..., Awaitable[list[Any]]]

_DRAIN_SECONDS = 300
_CALM_LOOKS = 3
_ENTRIES = "SELECT id::text, version, status FROM entry WHERE instansi = $1"
_HEARD = "SELECT entry::text, version, status FROM heard_entry WHERE instansi = $1"
_REVIEWS = "SELECT employee::text, percent, state FROM review WHERE instansi = $1 AND period = $2 AND expected"
_GAPS = "SELECT employee::text FROM gap WHERE instansi = $1 AND open"
_NEEDS = "SELECT employee::text FROM need WHERE instansi = $1 AND open"
_PLANS = "SELECT employee::text FROM development_plan WHERE instansi = $1"
_NOTICES = "SELECT id::text, person::text, template, channel, status FROM notice WHERE instansi = $1"
#: A mail whose turn comes later because a clock was ahead when it fell due is not overdue.
_MAILS = "SELECT count(*) FROM notice WHERE status = 'waiting' AND due_at < now() + interval '5 seconds'"


@dataclass(slots=True)
class Account:
    """How many effects are missing, there more than once, or wrong; `notes` say which, the first of them."""

    lost: int = 0
    doubled: int = 0
    different: int = 0
    notes: list[str] = field(default_factory=list)

    def compare(self, what: str, wanted: Iterable[Any], found: Iterable[Any]) -> None:
        """Count what is missing of `wanted` and what `found` has beyond it."""
        want, have = Counter(wanted), Counter(found)
        missing, beyond = want - have, have - want
        self.lost += missing.total()
        self.doubled += beyond.total()
        self.notes += [f"lost: {what} {each}" for each in missing][:5]
        self.notes += [f"doubled: {what} {each}" for each in beyond][:5]

    def differs(self, note: str) -> None:
        """Count something that is not what it must be."""
        self.different += 1
        self.notes.append(f"different: {note}")


async def settled(system: System) -> bool:
    """Wait until every message was sent and handled and every mail is out; False when that takes too long."""
    calm = 0
    for _ in range(_DRAIN_SECONDS // 2):
        calm = calm + 1 if await _calm(system) else 0
        if calm == _CALM_LOOKS:
            return True
        await asyncio.sleep(2)
    return False


async def _calm(system: System) -> bool:
    code, out = await _kinerja(system, "status", "--json")
    states = json.loads(out)["services"].values() if code == 0 else []
    if not states or not all(s["ready"] and not s["outbox_rows"] and not any(s["lag"].values()) for s in states):
        return False
    async with reading(system, ["notification"]) as read:
        [(waiting,)] = await read("notification", _MAILS)
    return not waiting


async def account(system: System, journal: Journal) -> Account:
    """Compare, office by office, then let every service prove its own record."""
    found, mails = Account(), _mailbox(system)
    async with reading(system, service_names()) as read:
        for office in journal.offices:
            await _entries(read, office, found)
            await _scores(read, office, found)
            await _gaps(read, office, found)
            await _notices(read, office, found, mails)
    await _proofs(system, found)
    return found


async def _entries(read: Read, office: Office, found: Account) -> None:
    """Each accepted command is one version: fewer are lost commands, more are repeated ones."""
    for service, sql in (("activity", _ENTRIES), ("appraisal", _HEARD)):
        rows = {row[0]: (row[1], row[2]) for row in await read(service, sql, office.code)}
        found.compare(
            f"version of an entry at {service}",
            ((e.id, number) for e in office.entries.values() for number in range(1, e.version + 1)),
            ((id_, number) for id_, (version, _) in rows.items() for number in range(1, version + 1)),
        )
        for entry in office.entries.values():
            if entry.id in rows and rows[entry.id] != (entry.version, entry.status):
                found.differs(f"entry {entry.id} at {service} is {rows[entry.id]}, not {entry.version, entry.status}")


async def _scores(read: Read, office: Office, found: Account) -> None:
    rows = await read("appraisal", _REVIEWS, office.code, office.period)
    scores = {row[0]: None if row[1] is None else Fraction(row[1]) for row in rows}
    for employee in office.aims:
        if scores.get(employee) != office.percent(employee):
            said, wanted = scores.get(employee), office.percent(employee)
            found.differs(f"score of {employee} in {office.code}: {said} instead of {wanted}")
    if office.closed and any(row[2] != "closed" for row in rows):
        found.differs(f"{office.code} has open reviews in its closed period")


async def _gaps(read: Read, office: Office, found: Account) -> None:
    """One gap, one need and one plan for each officer whose closed score is too low."""
    for service, table, sql in (
        ("appraisal", "gap", _GAPS),
        ("training", "need", _NEEDS),
        ("training", "development plan", _PLANS),
    ):
        rows = await read(service, sql, office.code)
        below = office.below() if office.closed else set()
        found.compare(f"{table} in {office.code}", below, (row[0] for row in rows))


async def _notices(read: Read, office: Office, found: Account, mails: dict[str, str]) -> None:
    """Notices owed, each in the inbox and as one mail; a change of a score's band is told at most once each."""
    rows = await read("notification", _NOTICES, office.code)
    told = [row for row in rows if not row[2].startswith(("score.", "summary."))]
    owed = office.notices()
    for channel in ("inbox", "mail"):
        found.compare(
            f"notice ({channel}) in {office.code}",
            owed.elements(),
            ((row[1], row[2]) for row in told if row[3] == channel),
        )
    bands = Counter((row[1], row[2], row[3]) for row in rows if row[2].startswith("score."))
    found.compare(f"change of band in {office.code}", bands.keys(), bands.elements())
    due = {f"<{row[0]}@kinerja.{office.code}>" for row in rows if row[3] == "mail" and row[4] != "waiting"}
    waiting = {f"<{row[0]}@kinerja.{office.code}>" for row in rows if row[3] == "mail" and row[4] == "waiting"}
    sent = {message for message, of in mails.items() if of == office.code}
    found.compare("mail", due, sent - waiting)


async def _proofs(system: System, found: Account) -> None:
    code, out = await _kinerja(system, "prove")
    if code:
        found.differs(f"kinerja prove ended with {code}:\n{out}")
    code, out = await _kinerja(system, "dead-letters", "list", "--json")
    letters = json.loads(out) if code == 0 else []
    found.compare("message that became a dead letter", [(each["durable"], each["error"]) for each in letters], [])


def _mailbox(system: System) -> dict[str, str]:
    """The office of every mail by its Message-ID; a mail that came twice is one."""
    found = {}
    for path in system.data.mails.glob("*.eml"):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        found[str(message["Message-ID"])] = str(message["X-Envelope-To"]).partition("@")[2].removesuffix(".example")
    return found


@asynccontextmanager
async def reading(system: System, services: Iterable[str]) -> AsyncIterator[Read]:
    """Read the databases of these services, in a role that sees every instansi."""
    async with AsyncExitStack() as stack:
        connections = {}
        for service in services:
            connections[service] = await asyncpg.connect(system.reader(service), timeout=10)
            stack.push_async_callback(connections[service].close)

        async def read(service: str, sql: str, *parameters: Any) -> list[Any]:
            return [tuple(row) for row in await connections[service].fetch(sql, *parameters)]

        yield read


async def _kinerja(system: System, *arguments: str) -> tuple[int, str]:
    """A `kinerja` command on the system: its exit code and what it printed."""
    command = [sys.executable, "-m", "cli.main", *arguments, "--data", str(system.data.root)]
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await child.communicate()
    return child.returncode or 0, out.decode(errors="replace")
