"""Entries as people read them: one with its history, and lists."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.entry.events import EVENTS, EntryReturned, EntryVerified, Event, VerificationWithdrawn
from services.activity.entry.queue import SHORT
from services.activity.entry.slice import ENTRY
from services.activity.reading import check_readable, people_readable
from shared.contracts.activity import EntryStatus
from shared.contracts.base import Amount
from shared.errors import NotFound
from shared.eventstore.decider import Recorded
from shared.eventstore.execute import load
from shared.eventstore.rows import fetch
from shared.eventstore.texts import read
from shared.web.auth import CallerDep
from shared.web.concurrency import etag
from shared.web.edge import ContextDep, DbDep
from shared.web.fields import Day
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["entries"])

_COLUMNS = """
e.id, e.version, e.employee, e.day, e.period, e.status, e.indicator, e.quantity, e.minutes, e.activity, e.unit, e.late,
e.verdict, e.decided_by, e.lapsed_by, e.done_at, e.received_at
"""
_LIST = f"""
SELECT {_COLUMNS}, CASE WHEN length(t.body) > {SHORT} THEN left(t.body, {SHORT - 1}) || '…' ELSE t.body END
FROM entry e LEFT JOIN texts t ON t.instansi = e.instansi AND t.id = e.description
WHERE e.instansi = $1 AND ($2::uuid[] IS NULL OR e.employee = ANY($2)) AND e.day BETWEEN $3 AND $4
  AND ($5::text IS NULL OR e.status = $5) AND ($9::uuid[] IS NULL OR e.id = ANY($9)) AND ($6::date IS NULL OR (e.day, e.id) < ($6, $7))
ORDER BY e.day DESC, e.id DESC LIMIT $8
"""
_ONE = f"""
SELECT {_COLUMNS}, t.body FROM entry e LEFT JOIN texts t ON t.instansi = e.instansi AND t.id = e.description
WHERE e.instansi = $1 AND e.id = $2
"""


class EntryState(BaseModel):
    """An entry as it is now; in lists the description is cut after 120 characters."""

    id: UUID
    version: int
    employee: UUID
    day: date
    period: str
    status: EntryStatus
    indicator: UUID | None
    quantity: Amount
    minutes: int | None
    activity: str | None
    unit: UUID | None
    late: bool
    verdict: str | None
    decided_by: UUID | None
    lapsed_by: UUID | None
    done_at: datetime | None
    received_at: datetime
    description: str | None


class Step(BaseModel):
    """Something that happened to an entry: what, when it was recorded, by whom, and what was written then."""

    version: int
    what: str
    at: datetime
    by: UUID | None
    role: str
    quantity: Amount | None = None
    verdict: str | None = None
    text: str | None = None
    source: dict[str, Any] | None = None


class EntryHistory(EntryState):
    """An entry with all that happened to it, oldest first."""

    history: list[Step]


@router.get("/entries/{entry}")
async def one(entry: UUID, caller: CallerDep, context: ContextDep, db: DbDep, response: Response) -> EntryHistory:
    """An entry with its history, for its author, who may judge it, and who sees all."""
    async with db.transaction(caller.instansi) as conn:
        found = await fetch(conn, _ONE, caller.instansi, entry)
        if not found:
            raise NotFound("Catatan ini tidak ada. / There is no such entry.")
        state = _state(found[0])
        await check_readable(conn, caller, state.employee, context.now, state.day)
        history = await _history(conn, caller.instansi, entry)
    response.headers["ETag"] = etag(state.version)
    return EntryHistory(**dict(state), history=history)


@router.get("/entries")
async def many(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    employee: UUID | None = None,
    first: Annotated[Day, Query(alias="from")] = date.min,
    last: Annotated[Day, Query(alias="to")] = date.max,
    status: EntryStatus | None = None,
    ids: Annotated[list[UUID] | None, Query(max_length=200, description="only these entries")] = None,
) -> Page[EntryState]:
    """Entries of an employee (oneself unless named; hr, auditor and system may leave it out), newest day first."""
    after = paging.after(date, UUID) or (None, None)
    async with db.transaction(caller.instansi) as conn:
        people = await people_readable(conn, caller, employee, context.now)
        rows = await fetch(conn, _LIST, caller.instansi, people, first, last, status, *after, paging.limit + 1, ids)
    return paging.page([_state(row) for row in rows], lambda state: (state.day, state.id))


async def _history(conn: AsyncConnection, instansi: str, entry: UUID) -> list[Step]:
    _, _, history = await load(conn, ENTRY, instansi, entry)
    ids = [text.id for event, _ in history if (text := _text_of(event)) is not None]
    bodies = await read(conn, instansi, ids)
    return [_step(event, at, bodies) for event, at in history]


def _text_of(event: Event) -> Any:
    if isinstance(event, EntryVerified | EntryReturned | VerificationWithdrawn):
        return event.text
    content = getattr(event, "content", None)
    return content.description if content is not None else None


def _step(event: Event, at: Recorded, bodies: dict[UUID, str]) -> Step:
    text, content, source = _text_of(event), getattr(event, "content", None), getattr(event, "source", None)
    return Step(
        version=at.version,
        what=EVENTS.dump(event)[0].partition(".")[2],
        at=at.recorded_at,
        by=at.meta.get("actor"),
        role=at.meta["role"],
        quantity=content.quantity if content is not None else None,
        verdict=getattr(event, "verdict", None),
        text=bodies.get(text.id) if text is not None else None,
        source=None if source is None else {"system": source.system, "file_hash": source.file_hash, "row": source.row},
    )


def _state(row: Any) -> EntryState:
    return EntryState(**dict(zip(EntryState.model_fields, row, strict=True)))
