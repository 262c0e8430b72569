"""Carrying out a batch of commands with the texts that people wrote."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.entry.commands import Command
from services.activity.entry.decider import State
from services.activity.entry.events import Event
from services.activity.entry.slice import ENTRY
from shared.errors import Refusal
from shared.eventstore.decider import Context, Order, Outcome
from shared.eventstore.execute import execute
from shared.eventstore.texts import Text, keep

Result = Outcome[State, Event]

_FORGET = "DELETE FROM texts WHERE instansi = $1 AND id = ANY($2::uuid[]) AND written_at = now()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One command for one entry; `command` gets what may be recorded of the words that `person` wrote."""

    entry: UUID
    person: UUID
    words: str | None
    command: Callable[[Text | None], Command]
    at: datetime | None = None


def accepted(done: Result | Refusal) -> Result:
    """What was done, or the refusal raised: for a single command, whose transaction then leaves nothing."""
    if isinstance(done, Refusal):
        raise done
    return done.accepted()


async def carry_out(conn: AsyncConnection, context: Context, tasks: Sequence[Task]) -> list[Result]:
    """Each accepted or refused by itself; of a refused one nothing stays, its words neither."""
    kept = await keep(conn, context.instansi, [(t.entry, t.person, t.words) for t in tasks if t.words is not None])
    texts = [kept[task.entry, task.words] if task.words is not None else None for task in tasks]
    orders = [Order(task.entry, task.command(text), at=task.at) for task, text in zip(tasks, texts, strict=True)]
    outcomes = await execute(conn, ENTRY, context, orders)
    refused = {text.id for text, done in zip(texts, outcomes, strict=True) if text and done.refusal}
    accepted = {text.id for text, done in zip(texts, outcomes, strict=True) if text and not done.refusal}
    unused = refused - accepted
    if unused:
        await conn.exec_driver_sql(_FORGET, (context.instansi, list(unused)))
    return outcomes
