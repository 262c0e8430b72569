"""The course catalogue: a plain table with audit columns."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.rules.choice import Offer
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


async def offers_for(conn: AsyncConnection, instansi: str, competencies: Collection[str]) -> list[Offer]:
    """Courses on offer that raise one of these competencies."""
    sql = """
        SELECT id, code, jp, competencies, runs FROM course
        WHERE instansi = $1 AND active AND competencies ?| $2::text[]
    """
    rows = await fetch(conn, sql, instansi, sorted(competencies)) if competencies else []
    return [Offer(row[0], row[1], row[2], row[3], _starts(row[4])) for row in rows]


def _starts(runs: list[dict[str, Any]]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(run["starts"]) for run in runs)
