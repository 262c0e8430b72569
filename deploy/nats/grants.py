"""The durables of subscribers outside: declared by a deploy step as the description says, and never by a subscriber."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from nats.aio.client import Client
from nats.js.api import ConsumerInfo
from nats.js.errors import APIError, NotFoundError

from deploy.nats.access import MOST_PATIENCE, durable_of
from deploy.nats.description import Subscriber
from shared.messaging.streams import OUTSIDE

_SECONDS = 5
_TRIES = 5
_PAUSE_SECONDS = 0.1
#: A subscriber may be slow to keep what it was given.
_ACK_WAIT = 60
#: What one may have in hand, ask for at once and keep asked: none of it lets one subscriber fill the server's memory.
_LIMITS = {
    "max_ack_pending": 1000,
    "max_waiting": 64,
    "max_batch": 500,
    "max_bytes": 8 * 1024 * 1024,
    "max_expires": MOST_PATIENCE * 10**9,
}


async def apply(client: Client, streams: Sequence[str], subscribers: Mapping[str, Subscriber]) -> list[str]:
    """Make the durables of `streams` follow the grants; returns a line for each change.

    What is granted anew comes from the beginning of the stream, and with it all else that this durable gives; what is
    withdrawn ends at once. A durable that is right stays as it is.
    """
    wanted = {
        (stream, durable_of(name)): subjects
        for name, subscriber in subscribers.items()
        for stream, subjects in subscriber.subjects().items()
    }
    lines = []
    for stream in streams:
        known = await durables(client, stream) or ()
        there = {str(info.name): info for info in known if str(info.name).startswith(OUTSIDE)}
        for (where, durable), subjects in wanted.items():
            if where == stream and (line := await _follow(client, stream, durable, subjects, there.get(durable))):
                lines.append(line)
        for durable in sorted(there.keys() - {durable for where, durable in wanted if where == stream}):
            await client.jetstream().delete_consumer(stream, durable)
            lines.append(f"{durable} on {stream}: withdrawn")
    return lines


async def replay(client: Client, stream: str, name: str, subscriber: Subscriber, since: datetime | None) -> None:
    """Give a subscriber everything on a stream once more, from a moment on (None: from the beginning)."""
    durable = durable_of(name)
    await _delete(client, stream, durable)
    start: dict[str, Any] = {}
    if since is not None:
        moment = since.replace(tzinfo=since.tzinfo or UTC).astimezone(UTC)
        start = {"deliver_policy": "by_start_time", "opt_start_time": moment.isoformat().replace("+00:00", "Z")}
    await _create(client, stream, durable, subscriber.subjects()[stream], start)


async def durables(client: Client, stream: str) -> list[ConsumerInfo] | None:
    """Every durable of a stream; None where there is no stream."""
    found: list[ConsumerInfo] = []
    try:
        while page := await client.jetstream().consumers_info(stream, offset=len(found)):
            found += page
    except NotFoundError:
        return None
    return found


async def _follow(
    client: Client, stream: str, durable: str, subjects: Sequence[str], there: ConsumerInfo | None
) -> str | None:
    if there is None:
        await _create(client, stream, durable, subjects, {})
        return f"{durable} on {stream}: granted"
    had = _subjects(there)
    if had == set(subjects):
        return None
    start: dict[str, Any] = {}
    if had > set(subjects) and there.ack_floor is not None:
        start = {"deliver_policy": "by_start_sequence", "opt_start_seq": there.ack_floor.stream_seq + 1}
    # Not changed in place: what had been delivered of a withdrawn grant would be delivered again, and a new one would
    # begin where the durable stands.
    await _delete(client, stream, durable)
    await _create(client, stream, durable, subjects, start)
    return f"{durable} on {stream}: " + ("less than before" if start else "more than before, all from the beginning")


def _subjects(durable: ConsumerInfo) -> set[str]:
    return {*(durable.config.filter_subjects or ()), *filter(None, (durable.config.filter_subject,))}


async def _create(client: Client, stream: str, durable: str, subjects: Sequence[str], start: Mapping[str, Any]) -> None:
    """nats-py knows no limits on what may be asked for."""
    config = {
        "name": durable,
        "durable_name": durable,
        "ack_policy": "explicit",
        "ack_wait": _ACK_WAIT * 10**9,
        "deliver_policy": "all",
        "filter_subjects": list(subjects),
        **_LIMITS,
        **start,
    }
    for left in reversed(range(_TRIES)):
        try:
            await _ask(client, f"CONSUMER.CREATE.{stream}.{durable}", {"stream_name": stream, "config": config})
            return
        except APIError:
            # The embedded system looks every other second and may be about the same: what it makes gives the same, if
            # from earlier on.
            made = [each for each in await durables(client, stream) or () if each.name == durable]
            if made and _subjects(made[0]) == set(subjects):
                return
            if not left:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def _delete(client: Client, stream: str, durable: str) -> None:
    try:
        await client.jetstream().delete_consumer(stream, durable)
    except NotFoundError:
        return


async def _ask(client: Client, subject: str, body: Mapping[str, Any]) -> None:
    answer = orjson.loads((await client.request(f"$JS.API.{subject}", orjson.dumps(body), timeout=_SECONDS)).data)
    if "error" in answer:
        APIError.from_error(answer["error"])
