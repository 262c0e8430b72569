"""Entries: returned and lapsed ones are told; those that wait are kept for the daily summary of superiors."""

from collections.abc import Sequence
from typing import Any, get_args

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.notice.hear import tell
from services.notification.notice.rules import ActivityFact
from services.notification.tables import HeardWaiting
from shared.contracts.activity import (
    EntryAmended,
    EntryLapsed,
    EntryLogged,
    EntryReturned,
    EntryVerified,
    EntryWithdrawn,
    RecordRenewed,
    VerificationWithdrawn,
)
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription


async def _keep_waiting(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    rows = [
        {
            "instansi": message.instansi,
            "id": message.data.entry,
            "epoch": message.epoch,
            "version": message.version,
            "employee": message.data.employee,
            "day": message.data.day,
            "waiting": message.data.status == "waiting",
        }
        for message in messages
    ]
    await upsert(conn, HeardWaiting, rows, newer=("epoch", "version"))


async def _forget(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    await fetch(conn, "DELETE FROM heard_waiting WHERE instansi = $1 AND epoch < $2", instansi, epoch)


NOTICES = Subscription(
    durable="notification--activity--notices", messages=get_args(ActivityFact), handle=tell, kind="event"
)
WAITING = Subscription(
    durable="notification--activity--waiting",
    messages=(
        EntryLogged,
        EntryAmended,
        EntryWithdrawn,
        EntryVerified,
        EntryReturned,
        VerificationWithdrawn,
        EntryLapsed,
        RecordRenewed,
    ),
    handle=_keep_waiting,
    renew=_forget,
)
