"""Pages of events out of several streams, and the places where they end; the same for who pulls and who is pushed to."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any
from uuid import UUID

import orjson
import structlog

from services.feed.event_types import by_stream, subject_of
from shared.contracts.base import PREFIX
from shared.messaging.reading import Extent, Road, Sent

log = structlog.get_logger(__name__)

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
#: What a replica of a stream may lag behind its leader, clocks being apart included.
_MARGIN = timedelta(minutes=5)
#: Looks into one stream for one page: what is not asked for is passed over in bounded steps.
_LOOKS = 20
_SURE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Place:
    """How far a reader has come in one stream.

    Behind sequence `seq` of the stream `born` then; where that is None, at what was sent from `until` on. Whatever was
    sent before `until` has been looked at. `epoch`: the newest in which the service told something for the first time.
    """

    born: datetime | None = None
    seq: int = 0
    until: datetime = BEGINNING
    epoch: int = 1


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `body` is its CloudEvent as on the road. `again`: sent by a republish; `at`: when it was sent.

    What a restored record has is sent again in a later `epoch`, and the marker behind it is the first that is new there.
    """

    stream: str
    seq: int
    at: datetime
    again: bool
    id: UUID
    type: str
    recorded_at: datetime
    epoch: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in the order they were sent, the places behind them, and whether more is there already."""

    events: list[Event]
    places: dict[str, Place]
    more: bool
    #: Streams in which nothing more was found.
    ended: frozenset[str] = frozenset()


def lost(place: Place, extent: Extent) -> str | None:
    """Why the place means nothing in the stream as it is: `rebuilt`, `expired` (events may have gone unread); None: it does."""
    if place.born is None:
        return None
    if place.born != extent.born or place.seq > extent.last:
        return "rebuilt"
    # What fell out of the stream was sent before all it still holds, so it was looked at if `until` is later than that.
    gone = extent.first > place.seq + 1
    return "expired" if gone and (extent.since is None or extent.since > place.until) else None


async def all_lost(
    road: Road, places: Mapping[str, Place], extents: Mapping[str, Extent]
) -> tuple[dict[str, str], dict[str, Extent]]:
    """Which places mean nothing and why, and the streams as they are then. RoadAway.

    It is looked at twice: the extent may be older than what was read since, from a replica that was ahead.
    """
    found = _lost(places, extents)
    if not found:
        return {}, dict(extents)
    await asyncio.sleep(_SURE_SECONDS)
    again = {stream: extent for stream, extent in extents.items() if stream not in found}
    again |= await road.extents(list(found), age=0)
    return _lost(places, again), again


def _lost(places: Mapping[str, Place], extents: Mapping[str, Extent]) -> dict[str, str]:
    return {
        stream: why
        for stream, extent in extents.items()
        if stream in places and (why := lost(places[stream], extent)) is not None
    }


async def next_page(
    road: Road,
    instansi: str,
    types: list[str],
    places: Mapping[str, Place],
    limit: int,
    extents: Mapping[str, Extent],
) -> Page:
    """At most `limit` events of these types behind the places, none of which may be lost. RoadAway."""
    asked = datetime.now(UTC) - _MARGIN
    wanted = {stream: of for stream, of in by_stream(types).items() if stream in extents}
    starts = {stream: places.get(stream, Place()) for stream in wanted}
    found = await asyncio.gather(
        *(_scan(road, instansi, stream, of, starts[stream], limit) for stream, of in wanted.items())
    )
    taken = list(merge(*(events for events, _, _ in found), key=lambda event: event.at))[:limit]
    kept, after, ended = set(taken), dict(places), set()
    for stream, (events, read_to, left) in zip(wanted, found, strict=True):
        over = [each for each in events if each not in kept]
        place = _behind(starts[stream], events[: len(events) - len(over)])
        if not (over or left):
            place = replace(place, until=max(place.until, asked))
        if over or read_to:  # else there is still no sequence to stand behind
            place = replace(place, born=extents[stream].born, seq=over[0].seq - 1 if over else read_to)
        after[stream] = place
        if not (over or left):
            ended.add(stream)
    return Page(taken, after, len(ended) < len(wanted), frozenset(ended))


def cut(page: Page, starts: Mapping[str, Place], first_left: Event) -> Page:
    """The page as if it ended before `first_left`, one of its events."""
    index = page.events.index(first_left)
    taken, left, places = page.events[:index], page.events[index:], dict(page.places)
    for stream in {each.stream for each in left}:
        first = next(each for each in left if each.stream == stream)
        place = _behind(starts.get(stream, Place()), [each for each in taken if each.stream == stream])
        places[stream] = replace(place, born=page.places[stream].born, seq=first.seq - 1)
    return Page(taken, places, True, page.ended - {each.stream for each in left})


def _behind(place: Place, events: Sequence[Event]) -> Place:
    """What a place knows once these events of its stream are behind it; not its sequence."""
    until = max([place.until, *(each.at for each in events)])
    return replace(place, until=until, epoch=max([place.epoch, *(each.epoch for each in events if not each.again)]))


async def _scan(
    road: Road, instansi: str, stream: str, types: list[str], place: Place, limit: int
) -> tuple[list[Event], int, bool]:
    """Events behind the place, at least `limit` where there are as many; the sequence read to; whether more follows."""
    subject, wanted = subject_of(instansi, types), {f"kinerja.{instansi}.{each}" for each in types}
    seq, since = place.seq, place.until if place.born is None and place.until > BEGINNING else None
    found: list[Event] = []
    left = True
    for _ in range(_LOOKS):
        sent, left = await road.read(stream, subject, seq, since)
        found += [event for each in sent if each.subject in wanted and (event := _event(stream, instansi, each))]
        if sent:
            seq, since = sent[-1].seq, None
        if not left or len(found) >= limit:
            break
    return found, seq, left


def _event(stream: str, instansi: str, sent: Sent) -> Event | None:
    """None for what is no CloudEvent of this instansi and of the type of its subject: nobody could use it."""
    kind = sent.subject.split(".", 2)[2]
    try:
        told: dict[str, Any] = orjson.loads(sent.body)
        if (told["instansi"], told["type"]) == (instansi, f"{PREFIX}.{kind}"):
            at = datetime.fromisoformat(told["recordedat"])
            id, epoch = UUID(told["id"]), int(told["epoch"])
            return Event(stream, sent.seq, sent.at, sent.again, id, kind, at, epoch, sent.body)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    log.warning("feed.unreadable", stream=stream, sequence=sent.seq)
    return None
