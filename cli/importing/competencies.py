"""Competency levels 1-5 that were recorded elsewhere, such as at an assessment centre: one row a level."""

from typing import Any

from cli.importing.job import UNHEARD, Job, Readers, needed, said
from cli.importing.people import Person, identify
from cli.importing.sender import Item
from cli.importing.values import ValueRefused, iso_day, whole

COLUMNS: Readers = {"nip": str, "competency": str, "level": whole, "effective": iso_day, "source": str}
REQUIRED = ("nip", "competency", "level", "effective")


def run(job: Job) -> None:
    """Take the levels over."""
    known = identify(job.sender, {Person(row["nip"]) for row in job.rows if row["nip"]})
    items = []
    for row in job.rows:
        try:
            needed(row, *REQUIRED)
            who = known[Person(row["nip"])]
            if who.id is None:
                raise ValueRefused(who.code, f"nip: {who.reason}")
            body: dict[str, Any] = said(row, COLUMNS)
            source = {"system": body.pop("source", "file"), "file_hash": job.file_hash}
            del body["nip"]
            items.append(Item((row.number,), {**body, "employee": who.id, "source": source}))
        except ValueRefused as refused:
            job.refuse("levels", [row], refused)
    job.send("levels", "appraisal", "/imports/competencies", items, UNHEARD)
