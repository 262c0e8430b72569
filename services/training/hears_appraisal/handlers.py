"""Competency gaps: each becomes, changes or ends a need, and the plans follow."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.development_plan.replan import replan
from services.training.need.view import Need, need_id
from shared.contracts.appraisal import GapClosed, GapFact, GapFound, RecordRenewed
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription


async def hear_gaps(conn: AsyncConnection, messages: Sequence[Received[GapFact]]) -> None:
    """Keep what is newer, then plan anew for the people it is about."""
    rows = [_need(message) for message in messages]
    written = set(await upsert(conn, Need, rows, newer=("epoch", "version")))
    newer = [message for message in messages if (message.instansi, message.source) in written]
    now = (await conn.execute(text("SELECT now()"))).scalar_one()
    causes: dict[tuple[str, str, bool], list[Received[GapFact]]] = defaultdict(list)
    for message in newer:
        causes[message.instansi, message.correlation_id, message.origin == "import"].append(message)
    for (instansi, correlation_id, imported), group in sorted(causes.items()):
        context = Context(
            instansi=instansi,
            actor=None,
            role="system",
            now=now,
            correlation_id=correlation_id,
            causation_id=str(group[0].event_id),
            origin="import" if imported else "reaction",
            traceparent=next((message.traceparent for message in group if message.traceparent), None),
        )
        await replan(conn, context, {message.data.employee for message in group})


def _need(message: Received[GapFact]) -> dict[str, Any]:
    gap = message.data
    return {
        "instansi": message.instansi,
        "gap": message.source,
        "epoch": message.epoch,
        "version": message.version,
        "id": need_id(gap.employee, gap.competency, gap.opened),
        "employee": gap.employee,
        "competency": gap.competency,
        "opened": gap.opened,
        "open": isinstance(gap, GapFound),
        "required": gap.required,
        "level": gap.level,
        "since": gap.since,
        "causes": [cause.model_dump(mode="json") for cause in gap.causes],
    }


async def forget_gaps(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    """What appraisal's restored record no longer says is no need any more, and the plans follow."""
    people = await fetch(
        conn, "DELETE FROM need WHERE instansi = $1 AND epoch < $2 RETURNING employee", instansi, epoch
    )
    [[now]] = await fetch(conn, "SELECT now()")
    context = Context(
        instansi=instansi, actor=None, role="system", now=now, correlation_id="training-renewed", origin="reaction"
    )
    await replan(conn, context, {row[0] for row in people})


GAPS = Subscription(
    durable="training--appraisal--gaps",
    messages=(GapFound, GapClosed, RecordRenewed),
    handle=hear_gaps,
    renew=forget_gaps,
)
