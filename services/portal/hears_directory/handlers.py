"""The copy of the directory; who is no longer active is signed out everywhere, and has no more than staff when they return."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.directory import EmployeeChanged
from shared.eventstore.rows import fetch
from shared.messaging.envelope import Received
from shared.people.hear import directory_subscription


async def _sign_out(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    gone = [
        (m.instansi, m.data.employee) for m in messages if isinstance(m.data, EmployeeChanged) and not m.data.active
    ]
    for table in ("session", "invitation"):
        sql = f"DELETE FROM {table} WHERE (instansi, employee) IN (SELECT * FROM unnest($1::text[], $2::uuid[]))"
        if gone:
            await fetch(conn, sql, *_columns(gone))
    if gone:
        sql = """
            UPDATE account SET roles = '{}', changed_at = now(), changed_by = 'directory'
            WHERE (instansi, employee) IN (SELECT * FROM unnest($1::text[], $2::uuid[])) AND roles <> '{}'
        """
        await fetch(conn, sql, *_columns(gone))


def _columns(gone: Sequence[tuple[str, UUID]]) -> tuple[list[str], list[UUID]]:
    return [instansi for instansi, _ in gone], [employee for _, employee in gone]


PEOPLE = directory_subscription("portal", _sign_out)
