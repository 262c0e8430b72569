"""Logging and correcting one's own work, and taking over what another system recorded."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import BaseModel

from services.activity.batch import Results, results
from services.activity.entry import intake
from services.activity.entry.bodies import AmendedEntry, ImportedEntry, LoggedEntry, NewEntry, Withdrawal
from services.activity.entry.run import Result
from shared.contracts.activity import EntryStatus
from shared.errors import Refusal
from shared.eventstore.together import Together
from shared.web.auth import Caller, CallerDep, employee_of, requires
from shared.web.batch import Batch, DryRun, merge, parse
from shared.web.concurrency import IfMatch, etag
from shared.web.edge import ContextDep, DbDep, context_of

router = APIRouter(tags=["entries"])

_logging = Together(intake.log)

Importer = Annotated[Caller, Depends(requires("system", "hr"))]


class Told(BaseModel):
    """What became of an entry; the version is also the ETag."""

    id: UUID
    version: int
    status: EntryStatus
    late: bool


def told(response: Response, done: Result, entry: UUID, *, created: bool = False) -> Told:
    """The answer to a command for one entry; 201 where it was created now."""
    assert done.state is not None
    response.headers["ETag"] = etag(done.version)
    if created and done.changed:
        response.status_code = 201
    return Told(id=entry, version=done.version, status=done.state.status, late=done.state.late)


@router.put("/entries/{entry}")
async def log_one(
    entry: UUID, body: NewEntry, caller: CallerDep, context: ContextDep, db: DbDep, response: Response
) -> Told:
    """Log an entry under a UUIDv7 of one's own making; sent again with the same content it changes nothing, for ever."""
    item = LoggedEntry(id=entry, **dict(body))
    done = await _logging.do(db, context.instansi, intake.Claim(context, employee_of(caller), item))
    return told(response, done.accepted(), entry, created=True)


@router.post("/entries/batch")
async def log_many(body: Batch, request: Request, caller: CallerDep, context: ContextDep, db: DbDep) -> Results:
    """Log up to 500 entries of one's own, each accepted or refused by itself."""
    by = employee_of(caller)
    parsed = parse(request, LoggedEntry, body.items)
    good = [intake.Claim(context, by, item) for item in parsed if isinstance(item, LoggedEntry)]
    done = await db.run(lambda conn: intake.log(conn, good), context.instansi) if good else []
    return results(request, body.items, merge(parsed, done))


@router.post("/entries/{entry}/amend")
async def amend(
    entry: UUID,
    body: AmendedEntry,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Told:
    """Correct one's own entry with its whole content; a verified or returned one waits again."""
    by = employee_of(caller)
    body = body if body.version is not None else body.model_copy(update={"version": seen})
    done = await db.run(lambda conn: intake.amend(conn, context, by, entry, body), context.instansi)
    return told(response, done, entry)


@router.post("/entries/{entry}/withdraw")
async def withdraw(
    entry: UUID,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
    body: Withdrawal | None = None,
) -> Told:
    """Take back one's own entry; it no longer counts."""
    by = employee_of(caller)
    version = body.version if body is not None and body.version is not None else seen
    done = await db.run(lambda conn: intake.withdraw(conn, context, by, entry, version), context.instansi)
    return told(response, done, entry)


@router.post("/imports/entries")
async def take_over(body: Batch, request: Request, caller: Importer, db: DbDep, dry_run: DryRun = False) -> Results:
    """Take over up to 500 facts as another system recorded them; nobody here confirmed them."""
    context = context_of(request, caller, "import")
    parsed = parse(request, ImportedEntry, body.items)
    good = [item for item in parsed if isinstance(item, ImportedEntry)]
    done: list[Result | Refusal] = []
    if good:
        done = await db.run(lambda conn: intake.take_over(conn, context, good), context.instansi, keep=not dry_run)
    return results(request, body.items, merge(parsed, done))
