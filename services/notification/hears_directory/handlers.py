"""The copy of the directory; what was owed to somebody not yet known is told when it arrives."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.notice.owed import settle
from shared.messaging.envelope import Received
from shared.people.hear import directory_subscription


async def _tell_what_is_owed(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    for instansi in sorted({message.instansi for message in messages}):
        await settle(conn, instansi)


PEOPLE = directory_subscription("notification", _tell_what_is_owed)
