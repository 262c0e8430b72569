"""Writing the course catalogue: a batch in, each course new, changed, unchanged or refused."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from services.training.course.view import Course, course_id, lock_catalogue
from services.training.development_plan.replan import replan
from services.training.need.view import learners_of
from shared.errors import Refusal
from shared.eventstore.decider import Context
from shared.eventstore.rows import fetch, upsert
from shared.web.fields import Body, Code, Day, Line, Whole

_AUDIT = frozenset({"created_at", "created_by", "changed_at", "changed_by"})


class CourseTwice(Refusal):
    """The code stands in the batch already, with other content."""

    code = "course-twice-in-batch"
    status = 409


class Run(Body):
    """One run of a course; `seats` None: no limit."""

    starts: Day
    ends: Day
    seats: Annotated[Whole, Field(ge=1, le=100_000)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends < self.starts:
            raise ValueError("tanggal selesai harus sesudah tanggal mulai / ends must not lie before starts")
        return self


class CourseBody(Body):
    """A course as hr writes it; `active` False: no longer offered."""

    code: Code
    title: Line
    provider: Line
    kind: Literal["klasikal", "non_klasikal"]
    form: Line | None = None
    jp: Annotated[Whole, Field(ge=1, le=2000)]
    competencies: Annotated[dict[Code, Annotated[Whole, Field(ge=1, le=5)]], Field(min_length=1, max_length=50)]
    runs: Annotated[tuple[Run, ...], Field(max_length=100)] = ()
    active: Annotated[bool, Field(strict=True)] = True


async def write(
    conn: AsyncConnection, context: Context, courses: Sequence[CourseBody | Refusal], by: str, dry_run: bool
) -> list[tuple[UUID, str] | Refusal]:
    """Keep the courses; returns for each its id and `new`, `changed` or `unchanged`, or why it was refused.

    Plans of people with an open need in a competency that a course touches or touched follow at once.
    """
    good = {course.code: course for course in reversed(courses) if isinstance(course, CourseBody)}
    if not dry_run:
        await lock_catalogue(conn, context.instansi, alone=True)
    before = await _stored(conn, context.instansi, good)
    rows = {code: _row(context, course, by, before.get(code)) for code, course in good.items()}
    news = {code: _news(before.get(code), row) for code, row in rows.items()}
    if not dry_run:
        changed = [rows[code] for code in sorted(rows) if news[code] != "unchanged"]
        await upsert(conn, Course, changed)
        touched = {name for row in changed for name in (*row["competencies"], *_raised(before.get(row["code"])))}
        await replan(conn, context, await learners_of(conn, context.instansi, touched))
    return [
        course if isinstance(course, Refusal) else _result(context.instansi, course, good, news) for course in courses
    ]


def _result(
    instansi: str, course: CourseBody, good: Mapping[str, CourseBody], news: Mapping[str, str]
) -> tuple[UUID, str] | Refusal:
    if course != good[course.code]:
        return CourseTwice(
            "Kode ini sudah ada dalam kiriman yang sama dengan isi lain. / "
            "This code stands in the same batch with other content."
        )
    return course_id(instansi, course.code), news[course.code]


async def _stored(conn: AsyncConnection, instansi: str, codes: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    sql = "SELECT to_jsonb(c) FROM course c WHERE instansi = $1 AND code = ANY($2::text[])"
    return {row[0]["code"]: row[0] for row in await fetch(conn, sql, instansi, sorted(codes))}


def _row(context: Context, course: CourseBody, by: str, before: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "instansi": context.instansi,
        "id": course_id(context.instansi, course.code),
        **course.model_dump(exclude={"runs"}),
        "runs": sorted(
            (run.model_dump(mode="json") for run in course.runs), key=lambda run: (run["starts"], run["ends"])
        ),
        "created_at": before["created_at"] if before else context.now,
        "created_by": before["created_by"] if before else by,
        "changed_at": context.now,
        "changed_by": by,
    }


def _news(before: dict[str, Any] | None, row: dict[str, Any]) -> str:
    if before is None:
        return "new"
    same = all(before[name] == value for name, value in row.items() if name not in _AUDIT | {"id"})
    return "unchanged" if same else "changed"


def _raised(before: dict[str, Any] | None) -> tuple[str, ...]:
    return tuple(before["competencies"]) if before else ()
