"""Sends mail notices: claimed in one transaction, sent, and marked in another; at least once, with one Message-ID."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.channel.contacts import Contact, Contacts, DirectoryAway
from services.notification.channel.post import MailRefused, Post, PostAway, compose
from services.notification.notice.catalogue import Language, Text, as_mail, render
from shared.calendar import zone_of
from shared.eventstore.database import Database, is_outage
from shared.eventstore.rows import fetch, to_json
from shared.observability.metrics import MAILS
from shared.observability.tracing import PRODUCER, spans
from shared.web.settings import Settings

log = structlog.get_logger(__name__)

MAX_TRIES = 8
BATCH = 50
_FIRST_WAIT = 30.0
_AWAY_WAIT = 5.0
_MARK_TRIES = 30

_CLAIM = """
WITH due AS (
    SELECT instansi, id FROM notice
    WHERE status = 'waiting' AND due_at <= now() AND instansi <> ALL (suspended_instansi())
      AND (claimed_until IS NULL OR claimed_until <= now())
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE notice n SET claimed_until = now() + interval '1 minute' FROM due
    WHERE n.instansi = due.instansi AND n.id = due.id
    RETURNING n.instansi, n.id, n.person, n.template, n.params, n.created_at, n.tries, n.traceparent
)
SELECT c.*, p.language, coalesce(p.mail, true), p.quiet_from, p.quiet_to, coalesce(h.zone, 'UTC'), now()
FROM claimed c
LEFT JOIN preference p ON p.instansi = c.instansi AND p.employee = c.person
LEFT JOIN heard_instansi h ON h.instansi = c.instansi
ORDER BY c.created_at, c.id
"""
_MARK = """
UPDATE notice n SET status = r.status, reason = r.reason, tries = n.tries + r.tried, claimed_until = NULL,
    due_at = now() + make_interval(secs => r.wait), sent_at = CASE r.status WHEN 'sent' THEN now() END
FROM jsonb_to_recordset($1::jsonb)
    AS r(instansi text, id uuid, status text, reason text, tried integer, wait double precision)
WHERE n.instansi = r.instansi AND n.id = r.id AND n.status = 'waiting'
RETURNING n.id
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail notice in hand."""

    instansi: str
    id: UUID
    person: UUID
    template: str
    params: Mapping[str, Any]
    created_at: datetime
    tries: int
    traceparent: str | None
    language: Language | None
    wanted: bool
    quiet_from: time | None
    quiet_to: time | None
    zone: str
    now: datetime

    @property
    def message_id(self) -> str:
        """The same whenever this notice is sent, so that mail programs see one mail."""
        return f"<{self.id}@kinerja.{self.instansi}>"

    def people(self) -> set[UUID]:
        """Everybody whose name or address the mail needs."""
        named = [self.params.get("employee"), *(line["employee"] for line in self.params.get("people", ()))]
        return {self.person, *(UUID(person) for person in named if person)}


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of a claimed notice; `wait` seconds until it is due again."""

    status: str
    reason: str | None = None
    tried: int = 0
    wait: float = 0.0


_AWAY = _Result("waiting", wait=_AWAY_WAIT)


def quiet_seconds(at: datetime, start: time | None, end: time | None) -> float:
    """How long quiet hours from `start` to `end` (they may pass midnight) last after the local time `at`; 0 outside."""
    if start is None or end is None or start == end:
        return 0.0
    clock = at.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    if not inside:
        return 0.0
    until = datetime.combine(at.date(), end, at.tzinfo)
    return ((until if until > at else until + timedelta(days=1)) - at).total_seconds()


class Sender:
    """Hands waiting mail notices to the mail server until none is due."""

    def __init__(self, post: Post, contacts: Contacts, mail_from: str) -> None:
        self._post, self._contacts, self._from = post, contacts, mail_from

    async def run(self, db: Database) -> None:
        """Send what is due; returns when nothing is, or when directory or mail server are away."""
        while await self._batch(db):
            pass

    async def _batch(self, db: Database) -> bool:
        """Whether it is worth asking for more at once."""
        claimed = await db.run(_claim)
        results: dict[tuple[str, UUID], _Result] = {}
        by_instansi: dict[str, list[Claimed]] = defaultdict(list)
        for notice in claimed:
            unwanted = _unwanted_now(notice)
            if unwanted:
                results[notice.instansi, notice.id] = unwanted
            else:
                by_instansi[notice.instansi].append(notice)
        try:
            for instansi, notices in by_instansi.items():
                await self._send_all(instansi, notices, results)
        finally:
            # Also when the process is asked to stop in the middle: what was sent by then is marked.
            await _mark_patiently(db, results)
        return bool(claimed) and _AWAY not in results.values()

    async def _send_all(
        self, instansi: str, notices: Sequence[Claimed], results: dict[tuple[str, UUID], _Result]
    ) -> None:
        away: Exception | None = None
        try:
            # First, so that the directory is not asked for people to whom nothing can be sent now.
            await self._post.ready()
            contacts = await self._contacts.of(instansi, set().union(*(notice.people() for notice in notices)))
        except (DirectoryAway, PostAway) as error:
            away, contacts = error, {}
        for notice in notices:
            if away is None:
                try:
                    with spans("mail", [notice.traceparent], PRODUCER, template=notice.template):
                        results[instansi, notice.id] = await self._send(notice, contacts)
                    continue
                except PostAway as error:
                    away = error
            results[instansi, notice.id] = _AWAY
        if away is not None:
            log.warning("mail.waits", instansi=instansi, waiting=len(notices), error=str(away))

    async def _send(self, notice: Claimed, contacts: Mapping[UUID, Contact]) -> _Result:
        contact = contacts.get(notice.person)
        if contact is None or not contact.email:
            return _Result("failed", "no-address")
        names = {person: known.name for person, known in contacts.items()}
        language = notice.language or contact.language
        try:
            text = _text(notice, language, names)
            mail = compose(
                as_mail(text, language, contact.name),
                language,
                sender=self._from,
                name=contact.name,
                address=contact.email,
                message_id=notice.message_id,
                date=notice.created_at,
            )
            await self._post.send(mail)
        except MailRefused as refused:
            if refused.final or notice.tries + 1 >= MAX_TRIES:
                return _Result("failed", refused.reason, tried=1)
            return _Result("waiting", refused.reason, tried=1, wait=_FIRST_WAIT * 2**notice.tries)
        return _Result("sent", tried=1)


def _text(notice: Claimed, language: Language, names: Mapping[UUID, str]) -> Text:
    """The text; a notice that cannot be written is refused by itself, or those claimed with it would never go out."""
    try:
        return render(notice.template, notice.params, language, names)
    except (LookupError, ValueError) as error:
        log.error("notice.unwritable", template=notice.template, error=type(error).__name__)
        raise MailRefused("unwritable", final=False) from error


async def _claim(conn: AsyncConnection) -> list[Claimed]:
    return [Claimed(*row) for row in await fetch(conn, _CLAIM, BATCH)]


def _unwanted_now(notice: Claimed) -> _Result | None:
    if not notice.wanted:
        return _Result("off")
    quiet = quiet_seconds(notice.now.astimezone(zone_of(notice.zone)), notice.quiet_from, notice.quiet_to)
    return _Result("waiting", wait=quiet) if quiet else None


async def _mark_patiently(db: Database, results: Mapping[tuple[str, UUID], _Result]) -> None:
    """Mark, also through an outage: what stays claimed would be late, and sent twice."""
    for left in reversed(range(_MARK_TRIES)):
        try:
            await db.run(lambda conn: _mark(conn, results))
        except Exception as error:
            if not is_outage(error) or not left:
                raise
            await asyncio.sleep(1)
        else:
            return


async def _mark(conn: AsyncConnection, results: Mapping[tuple[str, UUID], _Result]) -> None:
    if not results:
        return
    rows = [{"instansi": instansi, "id": id, **asdict(result)} for (instansi, id), result in sorted(results.items())]
    await fetch(conn, _MARK, to_json(rows))
    for result in results.values():
        if result != _AWAY:
            MAILS.labels(result.status).inc()


@cache
def _from_environment() -> Sender | None:
    """The sender of this process; None where no mail server is set: notices then stay in the inbox alone."""
    if not Settings().smtp_host:
        return None
    settings = Settings.load("smtp_host", "directory_url", "system_token_file")
    assert settings.system_token_file is not None
    contacts = Contacts(settings.directory_url, settings.system_token_file)
    return Sender(Post(settings.smtp_host, settings.smtp_port), contacts, settings.mail_from)


async def send_mail(db: Database) -> None:
    """The job: send what is due."""
    sender = _from_environment()
    if sender is not None:
        await sender.run(db)
