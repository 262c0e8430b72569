"""Refill the road: every public message again, made from the record, past the outbox."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import ValidationError

from shared.contracts.base import Message
from shared.eventstore.database import Database
from shared.eventstore.decider import Recorded, Slice
from shared.eventstore.history import PAGE, pages, stories
from shared.eventstore.outbox import MessageTooLarge, Parcel, parcel
from shared.eventstore.registry import UnknownEvent
from shared.eventstore.rows import fetch
from shared.messaging.publisher import REFUSALS, Posting, Publisher

log = structlog.get_logger(__name__)

_STATES = """
SELECT instansi, source, version, occurred_at, changed_at, meta, type, content FROM published
WHERE (instansi, source) > ($1, $2) AND ($3::text IS NULL OR instansi = $3) AND ($4::timestamptz IS NULL OR changed_at >= $4)
ORDER BY instansi, source LIMIT $5
"""
#: Written by a newer program, against today's contract, or just too large with a longer epoch.
_UNTOLD = (UnknownEvent, KeyError, ValidationError, MessageTooLarge)
_UNPARK = "DELETE FROM outbox WHERE parked_at IS NOT NULL AND event_id = ANY($1::uuid[])"


class Republisher:
    """Sends what was recorded since a moment once more. `run` names this run: the broker forgets no id it saw lately.

    What the broker refuses, and what cannot be told, is logged and left out. What it takes is no longer parked in the outbox.
    """

    def __init__(
        self,
        db: Database,
        slices: Sequence[Slice[Any, Any, Any]],
        publisher: Publisher,
        run: str,
        *,
        per_second: int = 5_000,
        progress: Callable[[int], object] = lambda _sent: None,
    ) -> None:
        self.db, self.slices, self.publisher, self.run = db, slices, publisher, run
        self.per_second, self.progress = per_second, progress

    async def send(self, since: datetime | None = None, instansi: str | None = None) -> int:
        """Everything recorded since `since` (None: ever), of `instansi` (None: all); returns how many messages."""
        async with self.db.transaction() as conn:
            [[epoch]], sent = await fetch(conn, "SELECT value FROM epoch"), 0
        for slice_ in self.slices:
            if slice_.publish is None:
                continue
            async for keys in pages(self.db, slice_, instansi, since):
                sent += await self._put(await self._parcels(slice_, keys, epoch, since))
        return sent + await self._states(since, instansi, epoch)

    async def _parcels(
        self, slice_: Slice[Any, Any, Any], keys: Sequence[tuple[str, UUID]], epoch: int, since: datetime | None
    ) -> list[Parcel]:
        """What streams have to tell. One that cannot be told is named and left out: it must not keep back all others."""
        try:
            async with self.db.transaction() as conn:
                found = await stories(conn, slice_, keys)
            return [
                parcel(message, step.at, epoch)
                for steps in found
                for step in steps
                if since is None or step.at.recorded_at >= since
                for message in slice_.told(step.event, step.state, step.at)
            ]
        except _UNTOLD as error:
            if len(keys) == 1:
                log.error("republish.untold", instansi=keys[0][0], stream=str(keys[0][1]), error=repr(error))
                return []
        half = len(keys) // 2
        first = await self._parcels(slice_, keys[:half], epoch, since)
        return first + await self._parcels(slice_, keys[half:], epoch, since)

    async def _states(self, since: datetime | None, instansi: str | None, epoch: int) -> int:
        types = {message.full_type(): message for message in Message.every()}
        sent, after = 0, ("", UUID(int=0))
        while True:
            async with self.db.transaction() as conn:
                rows = await fetch(conn, _STATES, *after, instansi, since, PAGE)
            if not rows:
                return sent
            parcels = []
            for row in rows:
                try:
                    parcels.append(parcel(types[row[6]].model_validate(row[7]), Recorded(*row[:6]), epoch))
                except _UNTOLD as error:
                    log.error("republish.untold", instansi=row[0], source=str(row[1]), error=repr(error))
            sent += await self._put(parcels)
            after = (rows[-1][0], rows[-1][1])

    async def _put(self, parcels: Sequence[Parcel]) -> int:
        total = 0
        for start in range(0, len(parcels), PAGE):
            part = parcels[start : start + PAGE]
            begun = asyncio.get_running_loop().time()
            # What is told again is no part of the trace in which it was told first.
            answers = await self.publisher.send(
                [Posting(p.subject, p.body, f"{p.event_id}:r{self.run}", None) for p in part]
            )
            sent = []
            for each, answer in zip(part, answers, strict=True):
                if isinstance(answer, REFUSALS):
                    log.error("republish.refused", event_id=str(each.event_id), subject=each.subject, error=str(answer))
                elif isinstance(answer, Exception):
                    raise answer
                else:
                    sent.append(each.event_id)
            async with self.db.transaction() as conn:
                await conn.exec_driver_sql(_UNPARK, (sent,))
            self.progress(len(sent))
            total += len(sent)
            await asyncio.sleep(begun + len(part) / self.per_second - asyncio.get_running_loop().time())
        return total
