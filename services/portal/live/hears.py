"""Whom a public event concerns: that there is something new is kept, and every API process is woken; never what it was.

Nobody is told of what they did themselves: what a person wrote is new to the superior, what the superior decided to the
person.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.portal.live.tables import LiveChange
from shared.contracts import activity, appraisal, training
from shared.contracts.base import Message
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription

CHANNEL = "live"
Audience = Literal["self", "superior"]

_SELF: tuple[Audience, ...] = ("self",)
_SUPERIOR: tuple[Audience, ...] = ("superior",)
_BOTH: tuple[Audience, ...] = ("self", "superior")
_TOLD: Mapping[type[Message], tuple[Audience, ...]] = {
    activity.EntryLogged: _SUPERIOR,
    activity.EntryAmended: _SUPERIOR,
    activity.EntryWithdrawn: _SUPERIOR,
    activity.EntryVerified: _SELF,
    activity.EntryReturned: _SELF,
    activity.VerificationWithdrawn: _SELF,
    activity.EntryLapsed: _BOTH,
    appraisal.PlanProposed: _BOTH,
    appraisal.PlanReturned: _BOTH,
    appraisal.PlanAgreed: _BOTH,
    appraisal.ScoreChanged: _SELF,
    appraisal.RatingSet: _SELF,
    appraisal.ReviewClosed: _SELF,
    appraisal.ReviewAdjusted: _SELF,
    appraisal.GapFound: _SELF,
    appraisal.GapClosed: _SELF,
    training.DevelopmentPlanProposed: _BOTH,
    training.DevelopmentPlanApproved: _SELF,
    training.DevelopmentPlanReturned: _SELF,
    training.DevelopmentPlanAmended: _SELF,
    training.Enrolled: _SELF,
    training.EnrolmentCompleted: _SUPERIOR,
    training.EnrolmentCancelled: _BOTH,
    training.CompetencyConfirmed: _SELF,
}

# Nothing is lost that matters when the server dies with it, and a NOTIFY makes all commits of the server wait for its own.
_QUICK = "SELECT set_config('synchronous_commit', 'off', true)"
_WAKE = "SELECT pg_notify($1, word) FROM unnest($2::text[]) AS word"


def audiences(message: Message) -> Sequence[Audience]:
    """For whom the message is new; for nobody when it only counts what was imported."""
    if isinstance(message, appraisal.ScoreChanged) and message.imported:
        return ()
    if isinstance(message, appraisal.PlanFact):
        by_superior = message.proposed_by not in (None, message.employee)
        answered = not isinstance(message, appraisal.PlanProposed)
        return _SUPERIOR if by_superior is answered else _SELF
    return _TOLD[type(message)]


def word(instansi: str, employee: UUID, audience: str) -> str:
    """How API processes are told of whom."""
    return f"{instansi} {employee} {audience}"


async def _note(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    newest: dict[tuple[str, UUID, Audience], datetime] = {}
    for message in messages:
        for audience in audiences(message.data):
            key = message.instansi, message.data.employee, audience
            newest[key] = max(newest.get(key, message.recorded_at), message.recorded_at)
    names = ("instansi", "employee", "audience", "changed_at")
    rows = [dict(zip(names, (*key, at), strict=True)) for key, at in sorted(newest.items())]
    await fetch(conn, _QUICK)
    told = await upsert(conn, LiveChange, rows, newer=("changed_at",))
    await fetch(conn, _WAKE, CHANNEL, [word(*key) for key in told])


def _subscription(service: str) -> Subscription:
    messages = tuple(message for message in _TOLD if message.stream() == service.upper())
    return Subscription(durable=f"portal--{service}--live", messages=messages, handle=_note, kind="event", batch=500)


HEARS = [_subscription(service) for service in ("activity", "appraisal", "training")]
