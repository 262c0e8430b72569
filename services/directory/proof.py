"""For `kinerja prove`: what others were told last is what the record says."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory import store
from services.directory.contract import message
from services.directory.instansi.queries import rules_in_force
from services.directory.rules.records import Record
from shared.contracts.base import Message
from shared.contracts.directory import RecordRenewed
from shared.eventstore.database import Database
from shared.eventstore.rows import fetch
from shared.operations.rebuild import Difference


async def published_is_recorded(db: Database, instansi: str | None) -> list[Difference]:
    """Rows that others know otherwise than they are recorded, and what is known of no row."""
    found: list[Difference] = []
    async with db.transaction() as conn:
        codes = [instansi] if instansi else [row[0] for row in await fetch(conn, "SELECT instansi FROM instansi")]
    for code in codes:
        async with db.transaction(code) as conn:
            recorded, told = await _recorded(conn, code), await _told(conn, code)
        found += [
            Difference(f"published {code}/{source}", "differs from the record")
            for source in sorted(recorded.keys() | told.keys())
            if recorded.get(source) != told.get(source)
        ]
    return found


async def _recorded(conn: AsyncConnection, instansi: str) -> Mapping[UUID, Any]:
    everybody = [row[0] for row in await fetch(conn, "SELECT id FROM employees WHERE instansi = $1", instansi)]
    places = [row[0] for row in await fetch(conn, "SELECT id FROM positions WHERE instansi = $1", instansi)]
    records: list[Record] = [
        *(await store.units_of(conn, instansi)).values(),
        *(await store.positions_of(conn, instansi, ids=places)).values(),
        *(await store.employees_of(conn, instansi, store.Names(ids=set(everybody)))).values(),
        *(await store.assignments_of(conn, instansi, everybody)).values(),
    ]
    rules = await rules_in_force(conn, instansi)
    return {record.id: _content(message(record)) for record in records} | {
        publication.source: _content(publication.message) for publication in rules
    }


async def _told(conn: AsyncConnection, instansi: str) -> Mapping[UUID, Any]:
    rows = await fetch(conn, "SELECT source, type, content FROM published WHERE instansi = $1", instansi)
    renewed = RecordRenewed.full_type()  # about the record itself
    # What was told before a field was added to its type says of it what the type's default says.
    kinds = {kind.full_type(): kind for kind in Message.every()}
    return {source: _content(kinds[kind].model_validate(content)) for source, kind, content in rows if kind != renewed}


def _content(message: Message) -> tuple[str, Any]:
    return message.full_type(), message.model_dump(mode="json")
