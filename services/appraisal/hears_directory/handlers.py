"""When people, posts or rules change, the reviews and gaps of whom they concern are judged again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.competency.gaps import recompute_gaps
from services.appraisal.locks import alone
from services.appraisal.reaction import by_instansi, own_motion, reaction
from services.appraisal.review.recompute import Cause, recompute
from shared.contracts.directory import AssignmentChanged, EmployeeChanged, InstansiChanged, PositionChanged
from shared.eventstore.rows import fetch
from shared.messaging.envelope import Received
from shared.people.hear import directory_subscription
from shared.people.queries import instansi_rules

_HOLDERS = "SELECT DISTINCT employee FROM heard_assignment WHERE instansi = $1 AND position = ANY($2::uuid[])"
# Whoever has facts was locked, and so is in `person`.
_EVERYBODY = (
    "SELECT employee FROM heard_assignment WHERE instansi = $1 UNION SELECT employee FROM person WHERE instansi = $1"
)
#: Every period of these people about which there is something, and the current one.
_REVIEWS = """
SELECT employee, period FROM review WHERE instansi = $1 AND employee = ANY($2::uuid[])
UNION SELECT employee, period FROM heard_entry WHERE instansi = $1 AND employee = ANY($2::uuid[])
UNION SELECT officer, period FROM heard_service_record WHERE instansi = $1 AND officer = ANY($2::uuid[]) AND period IS NOT NULL
UNION SELECT e, $3 FROM unnest($2::uuid[]) AS e
"""


async def _then(conn: AsyncConnection, messages: Sequence[Received[Any]]) -> None:
    for instansi, group in by_instansi(messages).items():
        await alone(conn, instansi)
        rules = await instansi_rules(conn, instansi)
        people = await _concerned(conn, instansi, group)
        if rules is None or not people:
            continue
        context = await reaction(conn, instansi, group)
        current = str(rules.period_of(rules.local_date(context.now)))
        cause = Cause("directory", min(m.source for m in group), context.origin == "import")
        keys = await fetch(conn, _REVIEWS, instansi, people, current)
        await recompute(conn, context, dict.fromkeys(keys, cause))
        await recompute_gaps(conn, context, rules, people)


async def _concerned(conn: AsyncConnection, instansi: str, messages: Sequence[Received[Any]]) -> list[UUID]:
    data = [message.data for message in messages]
    if any(isinstance(each, InstansiChanged) for each in data):
        return [row[0] for row in await fetch(conn, _EVERYBODY, instansi)]
    positions = [each.position for each in data if isinstance(each, PositionChanged)]
    people = {each.employee for each in data if isinstance(each, AssignmentChanged | EmployeeChanged)}
    people |= {row[0] for row in await fetch(conn, _HOLDERS, instansi, positions)} if positions else set()
    return sorted(people)


async def _renewed(conn: AsyncConnection, instansi: str) -> None:
    await alone(conn, instansi)
    rules = await instansi_rules(conn, instansi)
    if rules is not None:
        people = sorted({row[0] for row in await fetch(conn, _EVERYBODY, instansi)})
        context = await own_motion(conn, instansi, "renewed")
        keys = await fetch(conn, _REVIEWS, instansi, people, str(rules.period_of(rules.local_date(context.now))))
        await recompute(conn, context, dict.fromkeys(keys, Cause("record-restored")))
        await recompute_gaps(conn, context, rules, people)


PEOPLE = directory_subscription("appraisal", _then, _renewed)
