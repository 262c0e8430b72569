"""Deciding about the work of others."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.batch import Results, results
from services.activity.entry.api import Told, told
from services.activity.entry.bodies import BatchedVerification, Judgement, Verification
from services.activity.entry.run import Result, accepted
from services.activity.entry.verification import Action, Decision, decide_all
from shared.errors import Refusal
from shared.eventstore.database import Database
from shared.eventstore.decider import Context
from shared.web.auth import Caller, CallerDep, Role, employee_of
from shared.web.batch import Batch, merge, parse
from shared.web.concurrency import IfMatch
from shared.web.edge import ContextDep, DbDep

router = APIRouter(tags=["verification"])


class VersionRequired(Refusal):
    """A decision is about what was seen, so it must name the version."""

    code = "version-required"
    status = 428


@router.post("/entries/{entry}/verify")
async def verify(
    entry: UUID,
    body: Verification,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Told:
    """Confirm an entry as meeting or as below expectation; below needs a text."""
    decision = _decision(entry, "verify", body, seen)
    return told(response, await _decide(db, context, caller, decision), entry)


@router.post("/entries/{entry}/return")
async def send_back(
    entry: UUID,
    body: Judgement,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Told:
    """Send an entry back with a reason."""
    decision = _decision(entry, "return", body, seen)
    return told(response, await _decide(db, context, caller, decision), entry)


@router.post("/entries/{entry}/withdraw-verification")
async def withdraw_verification(
    entry: UUID,
    body: Judgement,
    seen: IfMatch,
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    response: Response,
) -> Told:
    """Take a verification back; the entry waits again."""
    decision = _decision(entry, "withdraw", body, seen)
    return told(response, await _decide(db, context, caller, decision), entry)


@router.post("/verifications")
async def decide_many(body: Batch, request: Request, caller: CallerDep, context: ContextDep, db: DbDep) -> Results:
    """Verify or return up to 500 entries, each decision accepted or refused by itself."""
    by, hr = employee_of(caller), Role.HR in caller.roles
    parsed = parse(request, BatchedVerification, body.items)
    decisions = [
        Decision(entry=item.entry, seen=item.version, action=item.action, verdict=item.verdict, words=item.text)
        for item in parsed
        if isinstance(item, BatchedVerification)
    ]
    done: list[Result | Refusal] = []
    if decisions:
        done = await db.run(lambda conn: decide_all(conn, context, by, hr, decisions), context.instansi)
    return results(request, body.items, merge(parsed, done), key="entry")


def _decision(entry: UUID, action: Action, body: Judgement, seen: int | None) -> Decision:
    version = body.version if body.version is not None else seen
    if version is None:
        raise VersionRequired(
            "Sebutkan version yang dilihat, atau kirim If-Match. / Name the version that was seen, or send If-Match."
        )
    verdict = body.verdict if isinstance(body, Verification) else "meets"
    return Decision(entry=entry, seen=version, action=action, verdict=verdict, words=body.text)


async def _decide(db: Database, context: Context, caller: Caller, decision: Decision) -> Result:
    by, hr = employee_of(caller), Role.HR in caller.roles

    async def one(conn: AsyncConnection) -> Result:
        [done] = await decide_all(conn, context, by, hr, [decision])
        return accepted(done)

    return await db.run(one, context.instansi)
