"""JetStream streams and durables: what there is to be, declared by a deploy step and never by a service."""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import nats
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import NotFoundError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.base import Message
from shared.messaging.envelope import Received

#: Short, because a fetched message that a stopping process dropped waits this long; a batch in hand is kept alive.
ACK_WAIT_SECONDS = 20
DUPLICATE_WINDOW_SECONDS = 120
MAX_AGE = timedelta(days=30)
#: Begins the names of durables of subscribers outside; no service waits for them.
OUTSIDE = "outside-"

#: Forget what was told of this instansi in an epoch before this one, and what follows from it.
Renew = Callable[[AsyncConnection, str, int], Awaitable[None]]
Handler = Callable[[AsyncConnection, Sequence[Received[Any]]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One durable: which messages of which service go to which handler.

    A `state` handler gets the newest message of each source in the batch and must itself ignore what is not newer than
    what it keeps. An `event` handler gets every event once, and those older than the horizon marked `stale`.
    The durable's name is its position in the stream and is never changed.
    """

    durable: str
    messages: tuple[type[Message], ...]
    handle: Handler
    kind: Literal["state", "event"] = "state"
    batch: int = 200
    renew: Renew | None = None

    @property
    def stream(self) -> str:
        """The JetStream stream it reads."""
        return self.messages[0].stream()

    @property
    def subjects(self) -> tuple[str, ...]:
        """The exact subjects it filters on."""
        return tuple(sorted(message.subject("*") for message in self.messages))


def stream_config(service: str, replicas: int, max_bytes: int) -> StreamConfig:
    """The stream of a service: what it told since MAX_AGE, the newest `max_bytes` of it (-1: all)."""
    return StreamConfig(
        name=service.upper(),
        subjects=[f"kinerja.*.{service}.>"],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        storage=StorageType.FILE,
        max_age=MAX_AGE.total_seconds(),
        max_bytes=max_bytes,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        num_replicas=replicas,
        allow_direct=True,
    )


def consumer_config(subscription: Subscription) -> ConsumerConfig:
    """The durable of a subscription. No max_deliver: tries are counted in a table of ours."""
    return ConsumerConfig(
        name=subscription.durable,
        durable_name=subscription.durable,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_SECONDS,
        max_ack_pending=5_000,
        filter_subjects=list(subscription.subjects),
    )


def servers(url: str) -> list[str]:
    """Every server of a cluster; `url` names them with commas between."""
    return [each.strip() for each in url.split(",") if each.strip()]


def trust(url: str) -> ssl.SSLContext | None:
    """How servers named `tls://…` are known: by the authority in the file KINERJA_NATS_CA (else those of the system), to
    which we show the certificate KINERJA_NATS_CERTIFICATE with its KINERJA_NATS_KEY where there is one."""
    if not url.startswith("tls:"):
        return None
    authority = os.environ.get("KINERJA_NATS_CA")
    context = ssl.create_default_context(cadata=Path(authority).read_text() if authority else None)
    if certificate := os.environ.get("KINERJA_NATS_CERTIFICATE"):
        context.load_cert_chain(certificate, os.environ.get("KINERJA_NATS_KEY") or None)
    return context


async def connect(url: str, user: str = "", password: str = "", **options: Any) -> Client:
    """A connection for deploy steps and tools; fails within a few seconds when the server is away."""
    credentials = {"user": user, "password": password} if user else {}

    async def complain(error: Exception) -> None:
        if isinstance(error, ssl.SSLError):
            raise error  # nats-py 2.16 would wait for ever for this connection to close

    return await nats.connect(
        servers(url),
        tls=trust(url),
        error_cb=options.pop("error_cb", complain),
        **{"max_reconnect_attempts": 2, "reconnect_time_wait": 0.3, "connect_timeout": 3} | credentials | options,
    )


def heed_cancellation() -> None:
    """Raise the CancelledError that nats-py 2.16 swallowed when it met it flushing; for loops that would never end."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def apply(
    js: JetStreamContext,
    services: Iterable[str],
    subscriptions: Iterable[Subscription],
    *,
    replicas: int | None = None,
    max_bytes: int | None = None,
) -> list[str]:
    """Declare streams first, then durables; what exists is updated, what is right stays. Returns a line for each.

    `replicas` copies of each stream, of at most `max_bytes` each; None: as it is, and one of any size where it is new.
    """
    done = []
    for service in services:
        try:
            there = (await js.stream_info(service.upper())).config
            size = max_bytes or there.max_bytes or -1
            await js.update_stream(stream_config(service, replicas or there.num_replicas or 1, size))
        except NotFoundError:
            await js.add_stream(stream_config(service, replicas or 1, max_bytes or -1))
        done.append(f"stream {service.upper()}")
    for subscription in subscriptions:
        await js.add_consumer(subscription.stream, consumer_config(subscription))
        done.append(f"durable {subscription.durable} on {subscription.stream}")
    return done
