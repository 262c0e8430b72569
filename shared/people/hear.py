"""How a service keeps its copy of the directory: state messages, the newest version of each row wins."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.directory import (
    AssignmentChanged,
    EmployeeChanged,
    InstansiChanged,
    PositionChanged,
    RecordRenewed,
    UnitChanged,
)
from shared.eventstore.rows import fetch, table_of, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription
from shared.people.tables import HeardAssignment, HeardEmployee, HeardInstansi, HeardPosition, HeardUnit

#: Called in the same transaction with the messages that were newer than what was kept.
Then = Callable[[AsyncConnection, Sequence[Received[Any]]], Awaitable[None]]
Renewed = Callable[[AsyncConnection, str], Awaitable[None]]


def directory_subscription(service: str, then: Then | None = None, renewed: Renewed | None = None) -> Subscription:
    """The durable `<service>--directory--people`, which keeps the copy and then calls `then`.

    After directory's record was restored, `renewed` is called when what it no longer says has been forgotten.
    """

    async def handle(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
        newer = await _keep(conn, messages)
        if then is not None and newer:
            await then(conn, newer)

    async def forget(conn: AsyncConnection, instansi: str, epoch: int) -> None:
        for _, table, _ in _KEPT:
            sql = f"DELETE FROM {table_of(table).name} WHERE instansi = $1 AND epoch < $2"
            await fetch(conn, sql, instansi, epoch)
        if renewed is not None:
            await renewed(conn, instansi)

    return Subscription(
        durable=f"{service}--directory--people",
        messages=(InstansiChanged, UnitChanged, PositionChanged, EmployeeChanged, AssignmentChanged, RecordRenewed),
        handle=handle,
        renew=forget,
    )


async def _keep(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> list[Received[Any]]:
    newer: list[Received[Any]] = []
    for contract, table, row in _KEPT:
        rows = {}
        for message in messages:
            if isinstance(message.data, contract):
                values = row(message.data) | {
                    "instansi": message.instansi,
                    "epoch": message.epoch,
                    "version": message.version,
                }
                key = (message.instansi,) if table is HeardInstansi else (message.instansi, values["id"])
                rows[key] = values, message
        written = await upsert(conn, table, [values for values, _ in rows.values()], newer=("epoch", "version"))
        newer += [rows[key][1] for key in written]
    return newer


def _row(key: str) -> Callable[[Any], dict[str, Any]]:
    """The fields of a message as columns; the message's own id field becomes `id`."""

    def columns(data: Any) -> dict[str, Any]:
        values: dict[str, Any] = data.model_dump()
        return {"id": values.pop(key)} | values

    return columns


def _instansi(data: InstansiChanged) -> dict[str, Any]:
    return data.model_dump()


_KEPT: tuple[tuple[type[Any], type[Any], Callable[[Any], dict[str, Any]]], ...] = (
    (InstansiChanged, HeardInstansi, _instansi),
    (UnitChanged, HeardUnit, _row("unit")),
    (PositionChanged, HeardPosition, _row("position")),
    (EmployeeChanged, HeardEmployee, _row("employee")),
    (AssignmentChanged, HeardAssignment, _row("assignment")),
)
