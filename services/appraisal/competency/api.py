"""Competency profiles and gaps over HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.appraisal.access import check_readable, readable_people
from services.appraisal.bodies import Results, Source, results
from services.appraisal.competency.gaps import LEVELS, POSTS, recompute_gaps
from services.appraisal.competency.view import CompetencyLevelRow
from services.appraisal.locks import hold
from services.appraisal.rules.job_person_match import CompetencyLevel, Purpose, job_person_match
from shared.errors import Invalid, Refusal
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch, upsert
from shared.people.queries import known_employees, known_rules
from shared.people.refusals import unknown_employee
from shared.web.auth import Caller, CallerDep, requires
from shared.web.batch import Batch, DryRun, merge, parse
from shared.web.edge import ContextDep, DbDep, context_of
from shared.web.fields import Body, Code, Day, Whole
from shared.web.paging import Page, PagingDep

router = APIRouter(tags=["competencies"])

Importer = Annotated[Caller, Depends(requires("system", "hr"))]

_GAPS = """
SELECT id, employee, competency, opened, required, level, causes, since FROM gap
WHERE instansi = $1 AND open AND ($2::uuid[] IS NULL OR employee = ANY($2))
  AND ($3::uuid IS NULL OR (employee, competency) > ($3, $4)) ORDER BY employee, competency LIMIT $5
"""
_GAP = ("gap", "employee", "competency", "opened", "required", "level", "causes", "since")


class ImportedLevel(Body):
    """A level that another system recorded, such as an assessment centre's."""

    employee: UUID
    competency: Code
    level: Annotated[Whole, Field(ge=1, le=5)]
    effective: Day
    source: Source


@router.post("/imports/competencies")
async def take_over(body: Batch, request: Request, caller: Importer, db: DbDep, dry_run: DryRun = False) -> Results:
    """Take over up to 500 competency levels, each accepted or refused by itself; the same again changes nothing."""
    context = context_of(request, caller, "import")
    parsed = parse(request, ImportedLevel, body.items)
    good = [item for item in parsed if isinstance(item, ImportedLevel)]
    done: list[tuple[int, bool] | Refusal] = []
    if good:
        done = await db.run(lambda conn: _take_over(conn, context, good), context.instansi, keep=not dry_run)
    return results(request, [_id(i) if isinstance(i, ImportedLevel) else None for i in parsed], merge(parsed, done))


async def _take_over(
    conn: AsyncConnection, context: Context, items: Sequence[ImportedLevel]
) -> list[tuple[int, bool] | Refusal]:
    rules = await known_rules(conn, context.instansi)
    today = rules.local_date(context.now)
    known = await known_employees(conn, context.instansi, {item.employee for item in items})
    verdicts = [_refusal(item, known, today) for item in items]
    rows = {
        _id(item): {
            "instansi": context.instansi,
            "id": _id(item),
            **item.model_dump(exclude={"source"}),
            "origin": "import",
            "recorded_at": context.now,
            "recorded_by": context.actor,
            "source": item.source.system,
            "file_hash": item.source.file_hash,
            "epoch": 1,
        }
        for item, refusal in zip(items, verdicts, strict=True)
        if refusal is None
    }
    people = {row["employee"] for row in rows.values()}
    await hold(conn, context.instansi, people)
    sql = "SELECT id FROM competency_level WHERE instansi = $1 AND id = ANY($2::uuid[])"
    there = {row[0] for row in await fetch(conn, sql, context.instansi, list(rows))}
    new = [row for id_, row in rows.items() if id_ not in there]
    await upsert(conn, CompetencyLevelRow, new)
    await recompute_gaps(conn, context, rules, {row["employee"] for row in new})
    return [refusal or (1, _id(item) not in there) for item, refusal in zip(items, verdicts, strict=True)]


def _id(item: ImportedLevel) -> UUID:
    """The same level from the same day and source is the same record."""
    return uuid5(item.employee, f"{item.competency} {item.level} {item.effective} {item.source.system}")


def _refusal(item: ImportedLevel, known: set[UUID], today: date) -> Refusal | None:
    if item.employee not in known:
        return unknown_employee(item.employee)
    if item.effective > today:
        return Invalid("Tanggal berlaku di masa depan. / The effective date lies in the future.", field="effective")
    return None


@router.get("/competencies/{employee}")
async def profile(employee: UUID, caller: CallerDep, context: ContextDep, db: DbDep) -> dict[str, Any]:
    """The competency profile of a person against the standard of the post held today, with the job person match."""
    async with db.transaction(caller.instansi) as conn:
        await check_readable(conn, caller, employee, context.now)
        today = (await known_rules(conn, caller.instansi)).local_date(context.now)
        posts = await fetch(conn, POSTS, caller.instansi, [employee], today)
        rows = await fetch(conn, LEVELS, caller.instansi, [employee])
        gaps = await fetch(conn, _GAPS, caller.instansi, [employee], None, None, 200)
    requires = dict(posts[0][2]) if posts else {}
    own = {row[1]: row[2] for row in rows}
    names = ("competency", "level", "origin", "effective", "source")
    levels = [CompetencyLevel(standard, own.get(competency)) for competency, standard in requires.items()]
    match = job_person_match(levels, Purpose.MAPPING, capped=True)
    return {
        "employee": employee,
        "position": posts[0][1] if posts else None,
        "requires": requires,
        "levels": [dict(zip(names, row[1:6], strict=True)) for row in rows],
        "not_measured": sorted(set(requires) - set(own)),
        "job_person_match": None
        if match is None
        else {
            "percent": match.percent,
            "rounded": match.rounded,
            "suitability": match.suitability,
            "suitability_label": match.suitability.label,
            "capped": match.capped,
            "rule": match.rule_id,
            "rule_version": match.rule_version,
            "legal_source": match.source,
        },
        "gaps": [dict(zip(_GAP, row, strict=True)) for row in gaps],
    }


@router.get("/gaps")
async def gaps(
    caller: CallerDep,
    context: ContextDep,
    db: DbDep,
    paging: PagingDep,
    employee: Annotated[UUID | None, Query()] = None,
    unit: UUID | None = None,
) -> Page[dict[str, Any]]:
    """Open gaps of one person, of a unit, or of everybody the caller may see."""
    after = paging.after(UUID, str) or (None, None)
    async with db.transaction(caller.instansi) as conn:
        if employee is not None:
            await check_readable(conn, caller, employee, context.now)
            people: list[UUID] | None = [employee]
        else:
            people = await readable_people(conn, caller, unit, context.now)
        rows = await fetch(conn, _GAPS, caller.instansi, people, *after, paging.limit + 1)
    shown = [dict(zip(_GAP, row, strict=True)) for row in rows]
    return paging.page(shown, lambda gap: (gap["employee"], gap["competency"]))
