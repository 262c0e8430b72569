"""Deciding about entries, with the right that the reporting lines of their day give."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.entry.commands import Command, Judgement, Return, Verify, WithdrawVerification
from services.activity.entry.events import Verdict
from services.activity.entry.run import Result, Task, carry_out
from services.activity.entry.view import people_and_days
from services.activity.period.gate import Desk, open_desk
from shared.errors import NotFound, Refusal
from shared.eventstore.decider import Context
from shared.eventstore.texts import Text
from shared.people.authority import Authority
from shared.people.queries import authorities

Action = Literal["verify", "return", "withdraw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided about the version of an entry that was seen."""

    entry: UUID
    seen: int
    action: Action
    verdict: Verdict
    words: str | None


async def decide_all(
    conn: AsyncConnection, context: Context, by: UUID, hr: bool, decisions: Sequence[Decision]
) -> list[Result | Refusal]:
    """Carry out the decisions of `by`, each by itself; `hr` says whether the caller has that role."""
    desk = await open_desk(conn, context.instansi, context.now)
    found = await people_and_days(conn, context.instansi, {decision.entry for decision in decisions})
    rights = await authorities(conn, context.instansi, set(found.values()), desk.today)
    tasks = [
        Task(
            entry=decision.entry,
            person=by,
            words=decision.words,
            command=partial(_command, decision, by, hr, rights[found[decision.entry]], desk),
        )
        for decision in decisions
        if decision.entry in found
    ]
    done = iter(await carry_out(conn, context, tasks))
    return [
        next(done) if decision.entry in found else NotFound("Catatan ini tidak ada. / There is no such entry.")
        for decision in decisions
    ]


def _command(decision: Decision, by: UUID, hr: bool, right: Authority, desk: Desk, text: Text | None) -> Command:
    judgement = Judgement(by=by, hr=hr, authority=right, seen=decision.seen, text=text, final=desk.final)
    match decision.action:
        case "verify":
            return Verify(judgement=judgement, verdict=decision.verdict)
        case "return":
            return Return(judgement)
        case "withdraw":
            return WithdrawVerification(judgement)
        case _:
            assert_never(decision.action)
