"""The course catalogue: a plain table with audit columns."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.rules.choice import Offer, next_start
from services.training.tables import TrainingTable
from shared.eventstore.rows import fetch


class Course(TrainingTable, table=True):
    """One course. `competencies`: the level each is raised to; `runs`: starts, ends, seats; `jp`: jam pelajaran."""

    __tablename__ = "course"

    instansi: str = Field(primary_key=True)
    id: UUID = Field(primary_key=True)
    code: str
    title: str
    provider: str
    kind: str
    form: str | None
    jp: int
    competencies: dict[str, int] = Field(sa_type=JSONB)
    runs: list[dict[str, Any]] = Field(sa_type=JSONB)
    active: bool
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


def course_id(instansi: str, code: str) -> UUID:
    """The same for the same code of an instansi, for ever."""
    return uuid5(NAMESPACE_URL, f"kinerja:{instansi}:course:{code}")


async def lock_catalogue(conn: AsyncConnection, instansi: str, *, alone: bool = False) -> None:
    """Until the transaction ends nobody changes the catalogue (`alone`: nobody plans with it either).

    Otherwise a course and the need it meets, written at the same time, would miss each other.
    """
    kind = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await fetch(conn, f"SELECT {kind}(hashtextextended('catalogue:' || $1::text, 0))", instansi)


async def offers_for(conn: AsyncConnection, instansi: str, competencies: Collection[str]) -> list[Offer]:
    """Courses on offer that raise one of these competencies."""
    sql = """
        SELECT id, code, jp, competencies, runs FROM course
        WHERE instansi = $1 AND active AND competencies ?| $2::text[]
    """
    rows = await fetch(conn, sql, instansi, sorted(competencies)) if competencies else []
    return [Offer(row[0], row[1], row[2], row[3], _starts(row[4])) for row in rows]


async def seats_for(
    conn: AsyncConnection, instansi: str, courses: Collection[UUID], today: date
) -> dict[UUID, date | None]:
    """For each course the start of its next run with a free seat, None: no such run. Holds the seats until commit."""
    sql = "SELECT id, runs FROM course WHERE instansi = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE"
    runs = {row[0]: row[1] for row in await fetch(conn, sql, instansi, list(courses))}
    sql = """
        SELECT course, starts, count(*) FROM enrolment
        WHERE instansi = $1 AND course = ANY($2::uuid[]) AND starts >= $3 AND status <> 'cancelled' GROUP BY 1, 2
    """
    taken = {(row[0], row[1]): row[2] for row in await fetch(conn, sql, instansi, list(courses), today)}
    return {
        course: next_start(
            [
                start
                for run, start in zip(found, _starts(found), strict=True)
                if run["seats"] is None or taken.get((course, start), 0) < run["seats"]
            ],
            today,
        )
        for course, found in runs.items()
    }


def _starts(runs: list[dict[str, Any]]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(run["starts"]) for run in runs)


async def find_courses(
    conn: AsyncConnection, instansi: str, competency: str | None, active: bool | None, after: str | None, limit: int
) -> list[dict[str, Any]]:
    """Courses in the order of codes after `after`; None: no limit by that column."""
    sql = """
        SELECT id, code, title, provider, kind, form, jp, competencies, runs, active FROM course
        WHERE instansi = $1 AND ($2::text IS NULL OR competencies ? $2) AND ($3::boolean IS NULL OR active = $3)
          AND ($4::text IS NULL OR code > $4)
        ORDER BY code LIMIT $5
    """
    names = ("id", "code", "title", "provider", "kind", "form", "jp", "competencies", "runs", "active")
    rows = await fetch(conn, sql, instansi, competency, active, after, limit)
    return [dict(zip(names, row, strict=True)) for row in rows]


async def titles(conn: AsyncConnection, instansi: str, ids: Collection[UUID]) -> dict[str, str]:
    """Titles by course id (as text), for answers that name courses."""
    sql = "SELECT id::text, title FROM course WHERE instansi = $1 AND id = ANY($2::uuid[])"
    return {row[0]: row[1] for row in await fetch(conn, sql, instansi, list(ids))}


async def provider_and_jp(conn: AsyncConnection, instansi: str, course: UUID) -> tuple[str, int]:
    """Who gives a course, and its JP."""
    [row] = await fetch(conn, "SELECT provider, jp FROM course WHERE instansi = $1 AND id = $2", instansi, course)
    return row[0], row[1]
