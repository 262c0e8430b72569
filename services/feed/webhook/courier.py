"""Delivers: many endpoints at a time, each by one worker at a time, none of which waits for another.

An endpoint is claimed in one transaction, sent to without any, and settled in another. Killed in between, it is taken
over when the lease ends, and its events are sent once more under the same ids.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from uuid import UUID

import structlog

from services.feed.event_types import by_stream
from services.feed.paging import Event, Page, Place, all_lost, cut, next_page
from services.feed.webhook import store
from services.feed.webhook.address import Rules
from services.feed.webhook.keyring import Keyring, WebhooksOff
from services.feed.webhook.notice import tell_owner
from services.feed.webhook.plan import DOWN, Item, Outcome, State, settle
from services.feed.webhook.sending import AT_ONCE, Line, Sender
from services.feed.webhook.store import Claimed
from shared.eventstore.database import Database, is_outage
from shared.messaging.delivery import HORIZON
from shared.messaging.reading import Extent, Road, RoadAway, open_road
from shared.messaging.streams import heed_cancellation
from shared.observability.metrics import WEBHOOKS
from shared.web.settings import Settings

log = structlog.get_logger(__name__)

#: Endpoints in hand at a time, and events of each.
_ENDPOINTS = 50
_EVENTS = 200
#: Nothing more is begun after this; with one time-out behind it a turn ends well before its lease.
_TURN_SECONDS = 20.0
_LOOK_SECONDS = 0.5

Results = list[tuple[Item, Outcome]]


class Courier:
    """Runs until cancelled; as many as there are workers may run."""

    def __init__(self, db: Database, road: Road, sender: Sender, keyring: Keyring) -> None:
        self._db, self._road, self._sender, self._keyring = db, road, sender, keyring
        self._busy = 0
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Claim endpoints and give each a turn; look again when one is done, and every half second."""
        async with asyncio.TaskGroup() as turns:
            while True:
                heed_cancellation()  # Python 3.11 forgets one that comes at the moment of waking
                self._wake.clear()
                for claimed, extents in await self._claim():
                    self._busy += 1
                    turns.create_task(self._turn(claimed, extents))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), _LOOK_SECONDS)

    async def _claim(self) -> list[tuple[Claimed, dict[str, Extent]]]:
        """NATS is asked nothing while there is no endpoint."""
        room = _ENDPOINTS - self._busy
        if not room:
            return []
        async with self._db.transaction() as conn:
            streams = await store.streams(conn)
        if not streams:
            return []
        try:
            extents = await self._road.extents(streams)
        except RoadAway:
            extents = {}
        async with self._db.transaction() as conn:
            return [(each, extents) for each in await store.claim(conn, extents, room)]

    async def _turn(self, of: Claimed, extents: dict[str, Extent]) -> None:
        try:
            await self._deliver(of, extents)
        except WebhooksOff:
            log.error("webhook.no_key", endpoint=str(of.id))
        except Exception as error:
            if is_outage(error):
                log.warning("webhook.interrupted", endpoint=str(of.id), error=repr(error))
            else:
                log.error("webhook.failed", endpoint=str(of.id), exc_info=True)
        finally:
            self._busy -= 1
            self._wake.set()

    async def _deliver(self, of: Claimed, extents: dict[str, Extent]) -> None:
        async with self._db.transaction() as conn:
            kept, again = await store.places(conn, of), await store.waiting(conn, of, _EVENTS)
        try:
            gone, extents = await all_lost(self._road, kept, extents)
        except RoadAway:
            gone, extents = {}, {}
        starts, missed = _starts(kept, gone, extents)
        page = await self._fresh(of, starts, extents)
        known, once = {item.id for item in again}, dict[UUID, Event]()
        for event in page.events:
            if event.id not in known and not _told_before(of, event, starts[event.stream]):
                once.setdefault(event.id, event)
        fresh = list(once.values())
        items = again + [Item(event.id, event.type, event.body) for event in fresh]
        async with self._sender.line(of.url, self._secrets(of)) as line:
            results, launched = await _send(line, items) if items else ([], 0)
        if fresh and launched < len(items):
            page = cut(page, starts, fresh[max(0, launched - len(again))])
        seen = {stream: extents[stream] for stream in kept if stream in extents and _is_seen(stream, of, page)}
        await self._settle(of, results, page, seen, missed)

    async def _fresh(self, of: Claimed, starts: dict[str, Place], extents: dict[str, Extent]) -> Page:
        if of.down or not of.types:
            return Page([], starts, False)
        try:
            return await next_page(self._road, of.instansi, of.types, starts, _EVENTS, extents)
        except RoadAway:
            return Page([], starts, True)

    def _secrets(self, of: Claimed) -> list[str]:
        place = place_of(of.instansi, of.id)
        return [self._keyring.open(sealed, place) for sealed in (of.secret, of.old_secret) if sealed]

    async def _settle(
        self, of: Claimed, results: Results, page: Page, seen: dict[str, Extent], missed: datetime | None
    ) -> None:
        now = datetime.now(UTC)
        state, steps = settle(State(of.failures, of.last_delivered_at), results, now)
        due = [
            None if step.wait is None else now + timedelta(seconds=step.wait * random.uniform(0.9, 1.1))
            for step in steps
        ]
        async with self._db.transaction() as conn:
            stopped = await store.keep(conn, of, state, steps, page.places, seen, missed, due)
            if stopped is not None:
                await tell_owner(conn, of.instansi, of.id, stopped)
        for _, outcome in results:
            WEBHOOKS.labels("delivered" if outcome.delivered else "failed").inc()
        if stopped is not None:
            log.warning("webhook.stopped", endpoint=str(of.id), instansi=of.instansi, reason=stopped.reason)


def place_of(instansi: str, endpoint: UUID) -> str:
    """Where a secret belongs."""
    return f"{instansi}/{endpoint}"


def _starts(
    kept: Mapping[str, Place], gone: Mapping[str, str], extents: Mapping[str, Extent]
) -> tuple[dict[str, Place], datetime | None]:
    """Where to read on; and the time before which something was lost, if so.

    A stream that was made anew is read from its beginning; what was lost cannot be read, so reading goes on behind it.
    """
    starts, missed = dict(kept), None
    for stream, why in gone.items():
        if why == "rebuilt":
            starts[stream] = replace(kept[stream], born=extents[stream].born, seq=0)
        else:
            missed = extents[stream].since or datetime.now(UTC)
    return starts, missed


def _told_before(of: Claimed, event: Event, start: Place) -> bool:
    """Whether a republish brings what was on the road long before this endpoint came so far.

    Nothing is a week late for the first time; without this each full republish would push years of history. A restored
    record is another matter: its marker voids whatever did not come in the new epoch, so all of it is pushed. What it
    missed may be among what comes again too, so that all it is owed of that time is pushed.
    """
    if of.missed_before is not None and of.since - HORIZON <= event.recorded_at < of.missed_before:
        return False
    return event.again and event.epoch <= start.epoch and event.recorded_at < start.until - HORIZON


def _is_seen(stream: str, of: Claimed, page: Page) -> bool:
    return stream in page.ended or stream not in by_stream(of.types)


async def _send(line: Line, items: Sequence[Item]) -> tuple[Results, int]:
    """Results in the order they came, and how many were begun: none after ten failures in a row, a 410, or too long."""
    results: Results = []
    running: set[asyncio.Task[None]] = set()
    clock, failures, launched = asyncio.get_running_loop().time, 0, 0
    end = clock() + _TURN_SECONDS

    async def one(item: Item) -> None:
        nonlocal failures
        outcome = await line.post(str(item.id), item.body)
        results.append((item, outcome))
        failures = 0 if outcome.delivered else DOWN if outcome.gone else failures + 1

    async with asyncio.TaskGroup() as group:
        for item in items:
            while len(running) >= AT_ONCE:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            if failures >= DOWN or clock() > end:
                break
            launched += 1
            task = group.create_task(one(item))
            running.add(task)
            task.add_done_callback(running.discard)
    return results, launched


@cache
def _from_environment() -> tuple[Sender, Keyring]:
    settings = Settings()
    rules = Rules(settings.webhook_networks, settings.environment == "embedded")
    return Sender(rules), Keyring(settings.webhook_keys)


async def deliver(db: Database) -> None:
    """The job: deliver until cancelled."""
    settings = Settings()
    async with open_road(settings.nats_url, settings.nats_user, settings.nats_password, "feed") as road:
        await Courier(db, road, *_from_environment()).run()
