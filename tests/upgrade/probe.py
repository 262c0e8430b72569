"""What the next version adds to a service, for the test of rolling upgrades: copied into a tree as `shared/upgrade_probe.py`.

Every aggregate gets an event type with a public message and a column in its rows; the first subscription hears a message
type more. Nothing of it changes what was there: additive, as a next version has to be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import Column, Integer
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.eventstore.decider import Decider, Order, Recorded, Slice
from shared.eventstore.execute import execute
from shared.eventstore.rows import fetch, table_of
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription
from shared.runtime import Service
from shared.web.auth import CallerDep
from shared.web.edge import context_of

NOTE = "upgrade_note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """What only the next version knows can happen."""

    number: int


@dataclass(frozen=True, slots=True)
class Probe:
    """Let it happen."""

    number: int


def extend(service: Service) -> Service:
    """The next version of a service."""
    for slice_ in service.slices:
        _learn(slice_, service.name)
    hears = [*service.subscriptions]
    if hears:
        hears[0] = _hear(hears[0])
    return replace(service, routers=[*service.routers, _routes(service)], subscriptions=hears)


def _learn(slice_: Slice[Any, Any, Any], service: str) -> None:
    before = slice_.decider
    slice_.events.events[f"{slice_.name}.probed"] = (1, Probed)
    slice_.events._names[Probed] = (f"{slice_.name}.probed", 1)

    def decide(state: Any, command: Any) -> Sequence[Any]:
        return [Probed(number=command.number)] if isinstance(command, Probe) else before.decide(state, command)

    def evolve(state: Any, event: Any) -> Any:
        return state if isinstance(event, Probed) else before.evolve(state, event)

    told, row = slice_.publish, slice_.row

    def publish(event: Any, state: Any, at: Recorded) -> Any:
        if isinstance(event, Probed):
            return _message(service)(number=event.number)
        return told(event, state, at) if told else None

    object.__setattr__(slice_, "decider", Decider(before.initial, decide, evolve))
    object.__setattr__(slice_, "publish", publish)
    if slice_.table is not None and row is not None:
        table_of(slice_.table).append_column(Column(NOTE, Integer))
        object.__setattr__(slice_, "row", lambda state, at: {**row(state, at), NOTE: at.version})


def _message(service: str) -> Any:
    return import_module(f"shared.contracts.{service}").UpgradeProbed


def _hear(subscription: Subscription) -> Subscription:
    """The same durable with a type more, of which each message leaves a row."""
    owner = subscription.stream.lower()
    assert find_spec(f"shared.contracts.{owner}"), "who is heard has contracts"
    message = _message(owner)

    async def handle(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
        probes = [each.event_id for each in messages if isinstance(each.data, message)]
        sql = "INSERT INTO upgrade_probe SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
        await fetch(conn, sql, probes)
        if rest := [each for each in messages if not isinstance(each.data, message)]:
            await subscription.handle(conn, rest)

    return replace(subscription, messages=(*subscription.messages, message), handle=handle)


def _routes(service: Service) -> APIRouter:
    router = APIRouter(prefix="/upgrade-probes")

    @router.post("/{stream}")
    async def probe(stream: UUID, request: Request, caller: CallerDep) -> int:
        """Record the event in a stream of any slice; its version."""
        context = context_of(request, caller)

        async def work(conn: AsyncConnection) -> int:
            sql = "SELECT split_part(type, '.', 1) FROM events WHERE instansi = $1 AND stream = $2 LIMIT 1"
            [(name,)] = await fetch(conn, sql, caller.instansi, stream)
            [slice_] = [each for each in service.slices if each.name == name]
            [outcome] = await execute(conn, slice_, context, [Order(stream, Probe(1))])
            return outcome.accepted().version

        version: int = await request.app.state.db.run(work, caller.instansi)
        return version

    return router
