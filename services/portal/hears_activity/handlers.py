"""Entries, as far as lists over many people need them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.portal.hears_activity.tables import HeardEntry
from shared.contracts import activity as told
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription


async def _keep(conn: AsyncConnection, messages: Sequence[Received[told.EntryFact]]) -> None:
    rows = [
        {
            "instansi": message.instansi,
            "entry": message.data.entry,
            "epoch": message.epoch,
            "version": message.version,
            "employee": message.data.employee,
            "day": message.data.day,
            "status": message.data.status,
        }
        for message in messages
    ]
    await upsert(conn, HeardEntry, rows, newer=("epoch", "version"))


async def _forget(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    await fetch(conn, "DELETE FROM heard_entry WHERE instansi = $1 AND epoch < $2", instansi, epoch)


ENTRIES = Subscription(
    durable="portal--activity--entries",
    messages=(
        told.EntryLogged,
        told.EntryAmended,
        told.EntryWithdrawn,
        told.EntryVerified,
        told.EntryReturned,
        told.VerificationWithdrawn,
        told.EntryLapsed,
        told.EntryImported,
        told.RecordRenewed,
    ),
    handle=_keep,
    batch=500,
    renew=_forget,
)
