"""A level the superior confirmed joins the profile; only that closes a gap that work has shown."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.competency.gaps import recompute_gaps
from services.appraisal.competency.view import CompetencyLevelRow
from services.appraisal.locks import hold
from services.appraisal.reaction import by_instansi, own_motion, reaction
from shared.contracts.training import CompetencyConfirmed, RecordRenewed
from shared.eventstore.rows import fetch, upsert
from shared.messaging.envelope import Received
from shared.messaging.streams import Subscription
from shared.people.queries import instansi_rules


async def _hear(conn: AsyncConnection, messages: Sequence[Received[CompetencyConfirmed]]) -> None:
    await upsert(conn, CompetencyLevelRow, [_row(message) for message in messages], newer=("epoch", "recorded_at"))
    for instansi, group in by_instansi(messages).items():
        people = {message.data.employee for message in group}
        await hold(conn, instansi, people)
        rules = await instansi_rules(conn, instansi)
        if rules is not None:
            await recompute_gaps(conn, await reaction(conn, instansi, group), rules, people)


def _row(message: Received[CompetencyConfirmed]) -> dict[str, object]:
    return {
        "instansi": message.instansi,
        "id": message.data.confirmation,
        "employee": message.data.employee,
        "competency": message.data.competency,
        "level": message.data.level,
        "origin": "confirmed",
        "effective": message.data.confirmed_on,
        "recorded_at": message.recorded_at,
        "recorded_by": message.data.confirmed_by,
        "source": None,
        "file_hash": None,
        "epoch": message.epoch,
    }


async def _forget(conn: AsyncConnection, instansi: str, epoch: int) -> None:
    sql = "DELETE FROM competency_level WHERE instansi = $1 AND origin = 'confirmed' AND epoch < $2 RETURNING employee"
    people = {row[0] for row in await fetch(conn, sql, instansi, epoch)}
    await hold(conn, instansi, people)
    rules = await instansi_rules(conn, instansi)
    if rules is not None:
        await recompute_gaps(conn, await own_motion(conn, instansi, "renewed"), rules, people)


CONFIRMED = Subscription(
    durable="appraisal--training--confirmed",
    messages=(CompetencyConfirmed, RecordRenewed),
    handle=_hear,
    renew=_forget,
)
