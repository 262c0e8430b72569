"""What routes need of the edge: the service's database, and who acts as a Context.

Dependencies are coroutines although they wait for nothing: FastAPI runs plain functions in a thread of their own.
"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context, Origin
from shared.eventstore.outbox import OutboxFull
from shared.observability.logging import correlation_id
from shared.web.auth import READING, Caller, CallerDep


class InstansiSuspended(Refusal):
    """The instansi of the path is suspended: it is read, and nothing of it changes."""

    code = "instansi-suspended"
    status = 403


async def database(request: Request) -> Database:
    """The pool of the api role, for what may not be done while the instansi is suspended; see `database_always`."""
    db = await database_always(request)
    if request.method not in READING and request.path_params.get("instansi") in db.suspended:
        raise InstansiSuspended(
            "Instansi ini ditangguhkan: data hanya dapat dibaca. / This instansi is suspended: it can only be read."
        )
    return db


async def database_always(request: Request) -> Database:
    """The pool of the api role; OutboxFull for whoever wants to write while too much waits for the road."""
    db: Database = request.app.state.db
    if db.full and request.method not in READING:
        raise OutboxFull("Coba lagi sebentar. / Try again shortly.")
    return db


def context_of(request: Request, caller: Caller, origin: Origin = "person") -> Context:
    """Who acts, now, with the correlation of this request."""
    return Context(
        instansi=caller.instansi,
        actor=caller.employee,
        role=",".join(sorted(caller.roles)),
        now=datetime.now(UTC),
        correlation_id=correlation_id(),
        origin=origin,
        traceparent=getattr(request.state, "traceparent", None),
    )


async def _context(request: Request, caller: CallerDep) -> Context:
    return context_of(request, caller)


DbDep = Annotated[Database, Depends(database)]
#: For what reads by POST, and what ops do to an instansi whether it is suspended or not.
AnytimeDbDep = Annotated[Database, Depends(database_always)]
ContextDep = Annotated[Context, Depends(_context)]
