"""Open pages of this process, and the one connection on which it hears that there is something new about somebody."""

import asyncio
import resource
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from services.portal.live.hears import CHANNEL, word
from shared.eventstore.database import Database, is_outage
from shared.eventstore.rows import fetch

HEARTBEAT = 25.0
#: Seconds until a page has to come again: then it is looked up anew who reports to whom.
_LIFE = 900.0
#: Pages of one session: browsers have few connections to spare. The newest are the ones somebody looks at.
OF_SESSION = 4
#: Pages of one process, each of which takes a file descriptor.
_MOST = 2_000

_ALIVE = """
SELECT s.token FROM session s JOIN heard_employee e ON e.instansi = s.instansi AND e.id = s.employee AND e.active
WHERE s.instansi = $1 AND s.token = ANY($2::bytea[]) AND s.expires_at > $3
"""
_MISSED = """
SELECT max(changed_at) FROM live_change
WHERE instansi = $1 AND changed_at > $4 AND (employee = $2 AND audience = 'self' OR employee = ANY($3) AND audience = 'superior')
"""

_log = structlog.get_logger(__name__)


class Stream:
    """One open page: whom it is about, and what it is to be told next."""

    __slots__ = ("_due", "_woken", "employee", "instansi", "over", "reports", "session", "until", "words")

    def __init__(self, instansi: str, session: bytes, employee: UUID, reports: Iterable[UUID]) -> None:
        self.instansi, self.session, self.employee, self.reports = instansi, session, employee, tuple(reports)
        about = [word(instansi, report, "superior") for report in self.reports]
        self.words = (word(instansi, employee, "self"), *about)
        self.until = monotonic() + _LIFE
        #: Why no more is told: `again` (it may come back at once), `done` (it should not); None while it goes on.
        self.over: str | None = None
        self._due, self._woken = "", asyncio.Event()

    def tell(self, what: str) -> None:
        """`baru`: there is something new; `beat`: nothing, but the connection stands. Any number before it is sent are one."""
        self._due = "baru" if "baru" in (what, self._due) else what
        self._woken.set()

    def end(self, why: str) -> None:
        """Tell nothing more."""
        self.over = self.over or why
        self._woken.set()

    async def next(self) -> str:
        """What is due; empty when it is over."""
        await self._woken.wait()
        self._woken.clear()
        due, self._due = self._due, ""
        return due


class Hub:
    """Hands on what is heard to whom it concerns."""

    def __init__(self, db: Database, stopping: Callable[[], bool]) -> None:
        self._db, self._stopping = db, stopping
        self._streams: dict[Stream, None] = {}  # the oldest first
        self._by_word: defaultdict[str, set[Stream]] = defaultdict(set)
        self._sessions: defaultdict[bytes, list[Stream]] = defaultdict(list)
        self._most = min(_MOST, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self.listening = False

    @property
    def full(self) -> bool:
        """Whether no further page can be let in now."""
        return not self.listening or self._stopping() or len(self._streams) >= self._most

    def enter(self, stream: Stream) -> None:
        """From now on the page is told; the oldest of too many of one session is ended."""
        self._streams[stream] = None
        for each in stream.words:
            self._by_word[each].add(stream)
        mine = self._sessions[stream.session]
        mine.append(stream)
        if len(mine) > OF_SESSION:
            mine.pop(0).end("done")

    def leave(self, stream: Stream) -> None:
        """The page is gone."""
        del self._streams[stream]
        for each in stream.words:
            self._by_word[each].discard(stream)
            if not self._by_word[each]:
                del self._by_word[each]
        mine = self._sessions[stream.session]
        if stream in mine:
            mine.remove(stream)
        if not mine:
            del self._sessions[stream.session]

    async def missed(self, stream: Stream, since: datetime) -> bool:
        """Whether there was something new after `since`."""
        async with self._db.transaction(stream.instansi) as conn:
            asked = stream.instansi, stream.employee, list(stream.reports), since
            return (await fetch(conn, _MISSED, *asked))[0][0] is not None

    async def run(self) -> None:
        """Listen until cancelled; after an outage pages have to come again, and are then told what they missed."""
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - pages go without news rather than the process without pages
                _log.log(30 if is_outage(error) else 40, "live.interrupted", error=repr(error))
            finally:
                self.listening = False
                self._end_all()
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        named = {"application_name": "live"}
        conn = await asyncpg.connect(self._db.driver_url(), timeout=5, command_timeout=5, server_settings=named)
        try:
            await conn.add_listener(CHANNEL, self._heard)
            self.listening, beat = True, monotonic() + HEARTBEAT
            while not conn.is_closed():
                await asyncio.sleep(1)
                if self._stopping():
                    self._end_all()
                if monotonic() > beat:
                    await conn.execute("SELECT 1")
                    await self._beat()
                    beat = monotonic() + HEARTBEAT
        finally:
            conn.terminate()

    def _heard(self, _conn: Any, _pid: int, _channel: str, about: str) -> None:
        for stream in self._by_word.get(about, ()):
            stream.tell("baru")

    async def _beat(self) -> None:
        """End what has lasted long enough and pages whose session is over; a sign of life to the others."""
        sessions: defaultdict[str, set[bytes]] = defaultdict(set)
        for stream in self._streams:
            sessions[stream.instansi].add(stream.session)
        alive: set[bytes] = set()
        for instansi, tokens in sessions.items():
            async with self._db.transaction(instansi) as conn:
                rows = await fetch(conn, _ALIVE, instansi, list(tokens), datetime.now(UTC))
            alive |= {row[0] for row in rows}
        for stream in list(self._streams):
            if stream.session in sessions[stream.instansi] and stream.session not in alive:
                stream.end("done")
            elif stream.until < monotonic():
                stream.end("again")
            else:
                stream.tell("beat")

    def _end_all(self) -> None:
        for stream in self._streams:
            stream.end("again")
