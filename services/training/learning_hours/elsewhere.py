"""Learning hours of a year that were completed elsewhere, such as at the employer before: a sum for each source."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field as Limit
from sqlalchemy import DateTime
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import Field

from services.training.tables import TrainingTable
from shared.errors import Refusal
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch, upsert
from shared.people.queries import known_employees
from shared.people.refusals import unknown_employee
from shared.web.fields import Body, Code, Whole

Outcome = Literal["new", "changed", "unchanged"]

_STORED = """
SELECT employee, year, source, jp FROM learning_hours_elsewhere WHERE instansi = $1 AND employee = ANY($2::uuid[]) FOR UPDATE
"""


class HoursElsewhere(TrainingTable, table=True):
    """JP of a year by one source, a system; the newest sum told of it counts."""

    __tablename__ = "learning_hours_elsewhere"

    instansi: str = Field(primary_key=True)
    employee: UUID = Field(primary_key=True)
    year: int = Field(primary_key=True)
    source: str = Field(primary_key=True)
    jp: int
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    changed_by: str


class HoursBody(Body):
    """All JP that the employee completed in `year` by the system `source`; said again it replaces what was said before."""

    employee: UUID
    year: Annotated[Whole, Limit(ge=2000, le=2999)]
    jp: Annotated[Whole, Limit(ge=0, le=10_000)]
    source: Code

    @property
    def key(self) -> tuple[UUID, int, str]:
        """Of which sum it speaks."""
        return self.employee, self.year, self.source


class HoursTwice(Refusal):
    """The sum stands in the batch already, otherwise."""

    code = "hours-twice-in-batch"
    status = 409


async def take_over(
    conn: AsyncConnection, context: Context, items: Sequence[HoursBody], by: str
) -> list[Outcome | Refusal]:
    """For each `new`, `changed` or `unchanged`, or why it was refused."""
    known = await known_employees(conn, context.instansi, {item.employee for item in items})
    sums: dict[tuple[UUID, int, str], int] = {}
    for item in items:
        if item.employee in known:
            sums.setdefault(item.key, item.jp)
    stored = {tuple(row[:3]): row[3] for row in await fetch(conn, _STORED, context.instansi, sorted(known))}
    audit = {"instansi": context.instansi, "changed_at": context.now, "changed_by": by}
    rows = [
        audit | {"employee": employee, "year": year, "source": source, "jp": jp}
        for (employee, year, source), jp in sorted(sums.items())
        if stored.get((employee, year, source)) != jp
    ]
    await upsert(conn, HoursElsewhere, rows)
    return [_outcome(item, known, sums, stored.get(item.key)) for item in items]


async def completed_elsewhere(conn: AsyncConnection, instansi: str, employee: UUID, year: int) -> int:
    """JP of a year by all sources."""
    sql = """
        SELECT coalesce(sum(jp), 0)::int FROM learning_hours_elsewhere WHERE instansi = $1 AND employee = $2 AND year = $3
    """
    return int((await fetch(conn, sql, instansi, employee, year))[0][0])


def _outcome(
    item: HoursBody, known: Collection[UUID], sums: dict[tuple[UUID, int, str], int], before: int | None
) -> Outcome | Refusal:
    if item.employee not in known:
        return unknown_employee(item.employee)
    if sums[item.key] != item.jp:
        return HoursTwice(
            "Pegawai, tahun, dan sumber ini sudah ada dalam kiriman yang sama dengan JP lain. / "
            "This employee, year and source stand in the same batch with other JP."
        )
    return "new" if before is None else "unchanged" if before == item.jp else "changed"
