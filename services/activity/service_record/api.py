"""Service records: sent by the systems of the counters, or taken over from another system; read by who may."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.activity.batch import Results, results
from services.activity.reading import people_readable
from services.activity.service_record.bodies import ImportedRecord, RecordBody
from services.activity.service_record.intake import record_all
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, CallerDep, requires
from shared.web.batch import Batch, DryRun, merge, parse
from shared.web.edge import ContextDep, DbDep, context_of
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["service records"])

Sender = Annotated[Caller, Depends(requires("system", "hr"))]

_LIST = """
SELECT id, version, product, officer, unit, started, due, completed, period, on_time, imported FROM service_record
WHERE instansi = $1 AND ($2::uuid[] IS NULL OR officer = ANY($2)) AND ($3::text IS NULL OR period = $3)
  AND ($4::uuid IS NULL OR id > $4) ORDER BY id LIMIT $5
"""


class RecordState(BaseModel):
    """A service record; `period` is that of completion, `on_time` None when it is open or has no due time."""

    id: UUID
    version: int
    product: str
    officer: UUID
    unit: UUID | None
    started: datetime
    due: datetime | None
    completed: datetime | None
    period: str | None
    on_time: bool | None
    imported: bool


@router.put("/service-records")
async def put_records(body: Batch, request: Request, caller: Sender, context: ContextDep, db: DbDep) -> Results:
    """Keep up to 500 records as they are now, each accepted or refused by itself."""
    return await _record(body, request, context, db, RecordBody)


@router.post("/imports/service-records")
async def take_over(body: Batch, request: Request, caller: Sender, db: DbDep, dry_run: DryRun = False) -> Results:
    """Take over up to 500 records of another system, also into closed periods."""
    context = context_of(request, caller, "import")
    return await _record(body, request, context, db, ImportedRecord, keep=not dry_run)


async def _record(
    body: Batch, request: Request, context: Context, db: Database, model: type[RecordBody], *, keep: bool = True
) -> Results:
    parsed: Sequence[Any] = parse(request, model, body.items)
    good = [item for item in parsed if isinstance(item, model)]
    done = await db.run(lambda conn: record_all(conn, context, good), context.instansi, keep=keep) if good else []
    return results(request, body.items, merge(parsed, done))


@router.get("/service-records")
async def list_records(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    officer: UUID | None = None,
    period: Annotated[str | None, Query(max_length=7)] = None,
) -> Page[RecordState]:
    """Records of an officer (oneself unless named; hr, auditor and system may leave it out), by the age of their id."""
    after = paging.after(UUID)
    async with db.transaction(caller.instansi) as conn:
        people = await people_readable(conn, caller, officer, context.now)
        rows = await fetch(conn, _LIST, caller.instansi, people, period, after[0] if after else None, paging.limit + 1)
    names = RecordState.model_fields
    found = [RecordState(**dict(zip(names, row, strict=True))) for row in rows]
    return paging.page(found, lambda record: (record.id,))
