"""Survey answers in, the index of public satisfaction (IKM) out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.activity.batch import Results, results
from services.activity.survey.bodies import Answer
from services.activity.survey.intake import answer_all
from services.activity.survey.rules import satisfaction_index
from shared.contracts.base import Amount
from shared.eventstore.rows import fetch
from shared.web.auth import Caller, CallerDep, requires
from shared.web.batch import Batch, merge, parse
from shared.web.edge import ContextDep, DbDep
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["surveys"])

Sender = Annotated[Caller, Depends(requires("system", "hr"))]

_LIST = """
SELECT unit, period, respondents, sums FROM satisfaction
WHERE instansi = $1 AND ($2::uuid IS NULL OR unit = $2) AND ($3::text IS NULL OR period = $3)
  AND ($4::uuid IS NULL OR (unit, period) > ($4, $5)) AND respondents > 0
ORDER BY unit, period LIMIT $6
"""


class Satisfaction(BaseModel):
    """IKM of a unit and period: 25 to 100, its quality (A to D with the official term), and the rule that says so."""

    unit: UUID
    period: str
    respondents: int
    index: Amount
    quality: str
    label: str
    rule: str
    rule_version: str
    legal_source: str


@router.post("/surveys")
async def answer(body: Batch, request: Request, caller: Sender, context: ContextDep, db: DbDep) -> Results:
    """Take in up to 500 answers, each accepted or refused by itself."""
    parsed = parse(request, Answer, body.items)
    good = [item for item in parsed if isinstance(item, Answer)]
    done = await db.run(lambda conn: answer_all(conn, context, caller.id, good), context.instansi) if good else []
    return results(request, body.items, merge(parsed, done))


@router.get("/satisfaction")
async def satisfaction(
    caller: CallerDep,
    db: DbDep,
    paging: PagingDep,
    unit: UUID | None = None,
    period: Annotated[str | None, Query(max_length=7)] = None,
) -> Page[Satisfaction]:
    """The index of each unit and period that was asked about; open to everybody of the instansi, it names nobody."""
    after = paging.after(UUID, str) or (None, None)
    async with db.transaction(caller.instansi) as conn:
        rows = await fetch(conn, _LIST, caller.instansi, unit, period, *after, paging.limit + 1)
    return paging.page([_told(*row) for row in rows], lambda state: (state.unit, state.period))


def _told(unit: UUID, period: str, respondents: int, sums: list[int]) -> Satisfaction:
    index = satisfaction_index(sums, respondents)
    assert index is not None, "there is at least one answer"
    return Satisfaction(
        unit=unit,
        period=period,
        respondents=respondents,
        index=index.rounded,
        quality=index.quality,
        label=index.quality.label,
        rule=index.rule_id,
        rule_version=index.rule_version,
        legal_source=index.source,
    )
