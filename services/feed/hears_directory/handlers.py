"""Which agencies there are, and which are suspended: what one of them is pushed waits meanwhile."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.feed.tables import FeedTable
from shared.contracts.directory import InstansiChanged, RecordRenewed
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription
from shared.people.refusals import UnknownInstansi


class HeardInstansi(FeedTable, table=True):
    """An agency, by its newest message."""

    __tablename__ = "heard_instansi"

    instansi: str = Field(primary_key=True)
    epoch: int
    version: int
    suspended: bool


async def _keep(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    rows = {
        message.instansi: {
            "instansi": message.instansi,
            "epoch": message.epoch,
            "version": message.version,
            "suspended": message.data.suspended,
        }
        for message in messages
    }
    await upsert(conn, HeardInstansi, list(rows.values()), newer=("epoch", "version"))


async def _forget(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    await fetch(conn, "DELETE FROM heard_instansi WHERE instansi = $1 AND epoch < $2", instansi, epoch)


async def demand_known(conn: AsyncConnection, instansi: str) -> None:
    """UnknownInstansi for an agency of which the directory has not told."""
    if not await fetch(conn, "SELECT true FROM heard_instansi WHERE instansi = $1", instansi):
        raise UnknownInstansi("Daftarkan instansi ini dahulu. / Register this instansi first.", instansi=instansi)


AGENCIES = Subscription(
    durable="feed--directory--agencies", messages=(InstansiChanged, RecordRenewed), handle=_keep, renew=_forget
)
