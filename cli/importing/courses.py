"""The course catalogue: one row a course, further rows with the same code are further runs of it."""

from collections.abc import Sequence
from typing import Any

from cli.importing.job import Job, Readers, needed, said
from cli.importing.sender import Item
from cli.importing.table import Row
from cli.importing.values import ValueRefused, iso_day, levels, whole, yes

_RUN: Readers = {"starts": iso_day, "ends": iso_day, "seats": whole}
_COURSE: Readers = {
    "code": str,
    "title": str,
    "provider": str,
    "kind": lambda text: text.lower().replace("-", "_").replace(" ", "_"),
    "form": str,
    "jp": whole,
    "competencies": levels,
    "active": yes,
}
COLUMNS: Readers = {**_COURSE, **_RUN}
REQUIRED = ("code", "title", "provider", "kind", "jp", "competencies")


def run(job: Job) -> None:
    """Enter the courses. A row that cannot be read refuses its whole course."""
    courses: dict[str, list[Row]] = {}
    for row in job.rows:
        courses.setdefault(row["code"], []).append(row)
    items = []
    for rows in courses.values():
        numbers = tuple(row.number for row in rows)
        try:
            for row in rows:
                needed(row, "code")
            needed(rows[0], *REQUIRED)
            items.append(Item(numbers, _body(rows)))
        except ValueRefused as refused:
            job.refuse("courses", rows, refused)
    job.send("courses", "training", "/courses/batch", items)


def _body(rows: Sequence[Row]) -> dict[str, Any]:
    course = said(rows[0], _COURSE)
    runs = []
    for row in rows:
        if any(course.get(column) != value for column, value in said(row, _COURSE).items()):
            raise ValueRefused("course-differs", "says the course otherwise: repeat it or leave it empty.", row.number)
        if row["starts"] or row["ends"]:
            needed(row, "starts", "ends")
            runs.append(said(row, _RUN))
    return {**course, "runs": runs}
