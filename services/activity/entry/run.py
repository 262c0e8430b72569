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
from shared.eventstore.rows import fetch
from shared.eventstore.texts import Text, keep

Result = Outcome[State, Event]

# The salt goes with the only text of its record.
_FORGET = """
WITH gone AS (
    DELETE FROM texts WHERE instansi = $1 AND id = ANY($2::uuid[]) AND written_at = now() RETURNING id, record
)
DELETE FROM text_salts s USING gone WHERE s.instansi = $1 AND s.record = gone.record AND NOT EXISTS (
    SELECT FROM texts t WHERE t.instansi = $1 AND t.record = s.record AND t.id NOT IN (SELECT id FROM gone))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One command for one entry; `command` gets what may be recorded of the words that `person` wrote.

    `context` says who acts where tasks of several people are carried out together.
    """

    entry: UUID
    person: UUID
    words: str | None
    command: Callable[[Text | None], Command]
    at: datetime | None = None
    context: Context | None = None


def accepted(done: Result | Refusal) -> Result:
    """What was done, or the refusal raised: for a single command, whose transaction then leaves nothing."""
    if isinstance(done, Refusal):
        raise done
    return done.accepted()


async def carry_out(conn: AsyncConnection, context: Context, tasks: Sequence[Task]) -> list[Result]:
    """Each accepted or refused by itself; of a refused one nothing stays, its words neither."""
    kept = await keep(conn, context.instansi, [(t.entry, t.person, t.words) for t in tasks if t.words is not None])
    texts = [kept[task.entry, task.words] if task.words is not None else None for task in tasks]
    orders = [
        Order(task.entry, task.command(text), at=task.at, context=task.context)
        for task, text in zip(tasks, texts, strict=True)
    ]
    outcomes = await execute(conn, ENTRY, context, orders)
    refused = {text.id for text, done in zip(texts, outcomes, strict=True) if text and done.refusal}
    accepted = {text.id for text, done in zip(texts, outcomes, strict=True) if text and not done.refusal}
    unused = refused - accepted
    if unused:
        await fetch(conn, _FORGET, context.instansi, list(unused))
    return outcomes
