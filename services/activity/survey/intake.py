"""Survey answers on their way in, and the index of satisfaction that follows from all of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.known import checked_id, known_units
from services.activity.period.gate import LEEWAY, Desk, open_desk
from services.activity.refusals import FutureDate, TooEarly, check_open, unknown_unit
from services.activity.survey.bodies import Answer
from services.activity.survey.rules import check_answer, satisfaction_index
from services.activity.survey.tables import AnswerRow, SatisfactionRow
from shared.contracts.activity import SatisfactionChanged
from shared.errors import ContentDiffers, Refusal
from shared.eventstore.database import Database, VersionConflict
from shared.eventstore.decider import Context, Outcome
from shared.eventstore.outbox import Publication, publish_state, row_source
from shared.eventstore.rows import fetch, table_of, to_json, upsert, upsert_sql
from shared.operations.rebuild import Difference

_KNOWN = "SELECT id, unit, given_at, scores FROM survey_answer WHERE instansi = $1 AND id = ANY($2::uuid[])"
_ONCE = upsert_sql(table_of(AnswerRow), "false")
_PLACES = """
INSERT INTO satisfaction (instansi, unit, period, respondents, sums, changed_at)
SELECT $1, u.unit, u.period, 0, '{0,0,0,0,0,0,0,0,0}', $4 FROM unnest($2::uuid[], $3::text[]) AS u(unit, period)
ON CONFLICT DO NOTHING
"""
_LOCK = """
SELECT unit, period FROM satisfaction JOIN unnest($2::uuid[], $3::text[]) AS u(unit, period) USING (unit, period)
WHERE instansi = $1 ORDER BY unit, period FOR UPDATE OF satisfaction
"""
_SUMS = f"""
SELECT unit, period, count(*), ARRAY[{", ".join(f"sum(scores[{n}])" for n in range(1, 10))}]::integer[]
FROM survey_answer JOIN unnest($2::uuid[], $3::text[]) AS u(unit, period) USING (unit, period)
WHERE instansi = $1 GROUP BY unit, period
"""
_UNLIKE = f"""
SELECT s.instansi, s.unit, s.period FROM satisfaction s LEFT JOIN LATERAL (
    SELECT count(*) AS respondents, ARRAY[{", ".join(f"sum(scores[{n}])" for n in range(1, 10))}]::integer[] AS sums
    FROM survey_answer a WHERE a.instansi = s.instansi AND a.unit = s.unit AND a.period = s.period
) now ON true
WHERE ($1::text IS NULL OR s.instansi = $1) AND (s.respondents, s.sums) IS DISTINCT FROM (now.respondents, now.sums)
"""


async def answer_all(
    conn: AsyncConnection, context: Context, sender: str, items: Sequence[Answer]
) -> list[Outcome[None, Answer] | Refusal]:
    """Keep each answer once, or say why not, and tell the indices that changed."""
    desk = await open_desk(conn, context.instansi, context.now)
    units = await known_units(conn, context.instansi, {item.unit for item in items})
    ids = [item.id for item in items]
    seen: dict[UUID, tuple[UUID, datetime, tuple[int, ...]]] = {
        row[0]: (row[1], row[2], tuple(row[3])) for row in await fetch(conn, _KNOWN, context.instansi, ids)
    }
    rows, done = [], list[Outcome[None, Answer] | Refusal]()
    for item in items:
        content = item.unit, item.given_at, tuple(item.scores)
        try:
            if item.id in seen:
                _check_same(seen[item.id], content)
                done.append(Outcome(item.id, 1, None))
                continue
            period = _period(item, units, desk, context.now)
        except Refusal as refusal:
            done.append(refusal)
            continue
        seen[item.id] = content
        rows.append(_row(item, period, context, sender))
        done.append(Outcome(item.id, 1, None, [item]))
    await _keep(conn, context, rows)
    return done


def _check_same(kept: Any, content: Any) -> None:
    if kept != content:
        raise ContentDiffers("Id ini sudah dipakai untuk jawaban lain. / This id is in use for another answer.")


def _period(item: Answer, units: Collection[UUID], desk: Desk, now: datetime) -> str:
    """The period the answer counts in; raises the refusal of an answer that does not."""
    checked = checked_id(item, item.id, now)
    if isinstance(checked, Refusal):
        raise checked
    check_answer(item.scores)
    if item.unit not in units:
        raise unknown_unit(item.unit)
    if item.given_at > now + LEEWAY:
        raise FutureDate("Waktu jawaban belum tiba. / The time of the answer has not come yet.")
    day = desk.rules.local_date(item.given_at)
    if day < desk.rules.first_day:
        raise TooEarly("Jawaban sebelum instansi memakai sistem ini. / It lies before the instansi's first day.")
    period = desk.period_of(day)
    check_open(period, desk.shut)
    return period


def _row(item: Answer, period: str, context: Context, sender: str) -> dict[str, Any]:
    return {
        "instansi": context.instansi,
        "id": item.id,
        "unit": item.unit,
        "period": period,
        "given_at": item.given_at,
        "scores": item.scores,
        "received_at": context.now,
        "received_from": sender,
    }


async def _keep(conn: AsyncConnection, context: Context, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    ordered = sorted(rows, key=lambda row: str(row["id"]))
    if len(await fetch(conn, _ONCE, to_json(ordered))) != len(rows):
        raise VersionConflict("survey: another kept the same answer first")
    places = sorted({(row["unit"], row["period"]) for row in rows})
    columns = [place[0] for place in places], [place[1] for place in places]
    await conn.exec_driver_sql(_PLACES, (context.instansi, *columns, context.now))
    # Lock first and sum in a new statement: two senders at once would otherwise each miss the other's answers.
    await fetch(conn, _LOCK, context.instansi, *columns)
    sums = await fetch(conn, _SUMS, context.instansi, *columns)
    values = [
        {
            "instansi": context.instansi,
            "unit": row[0],
            "period": row[1],
            "respondents": row[2],
            "sums": row[3],
            "changed_at": context.now,
        }
        for row in sums
    ]
    await upsert(conn, SatisfactionRow, values)
    await publish_state(conn, context, [_publication(context.instansi, *row) for row in sums])


def _publication(instansi: str, unit: UUID, period: str, respondents: int, sums: Sequence[int]) -> Publication:
    index = satisfaction_index(sums, respondents)
    assert index is not None, "there is at least one answer"
    message = SatisfactionChanged(unit=unit, period=period, respondents=respondents, index=index.rounded)
    return Publication(instansi, row_source(unit, f"satisfaction:{period}"), message)


async def prove_satisfaction(db: Database, instansi: str | None) -> list[Difference]:
    """Sums that are not those of the answers."""
    async with db.transaction() as conn:
        return [
            Difference(f"satisfaction {row[0]}/{row[1]}/{row[2]}", "differs from the sum of its answers")
            for row in await fetch(conn, _UNLIKE, instansi)
        ]
