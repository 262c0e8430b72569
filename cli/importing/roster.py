"""A roster: one row says a person, their unit, their position and their place in the reporting line."""

from collections.abc import Mapping, Sequence
from typing import Any

from cli.importing.job import Job, Readers, said
from cli.importing.sender import Answer, Item, checked, count
from cli.importing.table import Row
from cli.importing.values import ValueRefused, iso_day, yes

COLUMNS: Readers = {
    "nip": str,
    "name": str,
    "kind": str.upper,
    "email": str,
    "phone": str,
    "unit_code": str,
    "unit_name": str,
    "unit_parent_code": str,
    "unit_head": yes,
    "position_code": str,
    "position_title": str,
    "position_kind": str.upper,
    "position_level": str,
    "superior_nip": str,
    "assignment_kind": str.lower,
    "valid_from": iso_day,
    "valid_to": iso_day,
}
REQUIRED = ("nip", "name", "kind", "unit_code", "position_code", "superior_nip", "valid_from")

#: May be in a later batch: worth another try once all rows are in, without waiting.
_LATER = dict.fromkeys(("superior-unknown", "parent-unknown", "unit-unknown", "position-unknown"), 0.0)


def run(job: Job) -> None:
    """Enter the rows. In a dry run also count who is in the directory and not in the file."""
    items = []
    for row in _persons_together(job.rows):
        try:
            items.append(Item((row.number,), _body(row), group=row["nip"]))
        except ValueRefused as refused:
            job.refuse("people", [row], refused)
    answers = job.sender.send("people", "directory", "/roster/batch", items, again=_LATER)
    if job.dry_run:
        answers = _seen_whole(answers)
        nips = sorted({row["nip"] for row in job.rows if row["nip"]})
        job.tally.absent = checked(job.sender.call("POST", "directory", "/roster/absent", {"nips": nips}))["count"]
    count(job.tally, "people", answers)


def _body(row: Row) -> Mapping[str, Any]:
    # An empty superior says that there is none; any other empty cell says nothing.
    return {"superior_nip": None, **said(row, COLUMNS)}


def _persons_together(rows: Sequence[Row]) -> list[Row]:
    first: dict[str, int] = {}
    for row in rows:
        first.setdefault(row["nip"], row.number)
    return sorted(rows, key=lambda row: (first[row["nip"]] if row["nip"] else row.number, row.number))


def _seen_whole(answers: Sequence[Answer]) -> list[Answer]:
    """Answers of a dry run, in which no batch sees another: what another row of the file enters is not unknown."""
    while True:
        standing = [answer.item.body for answer in answers if answer.outcome != "refused"]
        entered = {
            "superior-unknown": {body.get("nip") for body in standing},
            "parent-unknown": {body.get("unit_code") for body in standing},
            "unit-unknown": {body.get("unit_code") for body in standing if body.get("unit_name")},
            "position-unknown": {body.get("position_code") for body in standing if body.get("position_title")},
        }
        seen = [
            Answer(answer.item, "new") if answer.code in _LATER and _names(answer) in entered[answer.code] else answer
            for answer in answers
        ]
        if seen == answers:
            return seen
        answers = seen


def _names(answer: Answer) -> Any:
    columns = {
        "superior-unknown": "superior_nip",
        "parent-unknown": "unit_parent_code",
        "unit-unknown": "unit_code",
        "position-unknown": "position_code",
    }
    return answer.item.body.get(columns[answer.code])
