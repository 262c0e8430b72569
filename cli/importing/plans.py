"""Plans (SKP) agreed elsewhere: one row an indicator; the rows of one person and year are the whole plan."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cli.importing.job import UNHEARD, Job, Readers, needed, read_cell, said
from cli.importing.people import Person, identify
from cli.importing.sender import Item
from cli.importing.table import Row
from cli.importing.values import ValueRefused, number, whole, yes
from shared.ids import derived_id

_SYSTEM = "file"
_RANGE = re.compile(r"(.+?)\s*(?:\.\.|–|-|s\.?d\.?)\s*(.+)")


def target(text: str) -> dict[str, str]:
    """A target as 20, 90% or 10-20 (both included)."""
    if text.endswith("%"):
        return {"kind": "percent", "value": str(number(text[:-1].rstrip()))}
    if found := _RANGE.fullmatch(text):
        return {"kind": "range", "lo": str(number(found[1])), "hi": str(number(found[2]))}
    return {"kind": "number", "value": str(number(text))}


_INDICATOR: Readers = {
    "aspect": str.lower,
    "measure": str.lower,
    "direction": str.lower,
    "target": target,
    "unit_label": str,
    "zero_rule": str.lower,
    "maximum_target": yes,
    "product": str,
    "competency": str,
}
COLUMNS: Readers = {
    "nip": str,
    "year": whole,
    "work_result_code": str,
    "work_result": str,
    "indicator_code": str,
    "indicator": str,
    **_INDICATOR,
}
REQUIRED = ("nip", "year", "work_result", "indicator", "aspect", "measure", "target", "unit_label")


def run(job: Job) -> None:
    """Take the plans over. A row that cannot be read refuses its whole plan."""
    known = identify(job.sender, {Person(row["nip"]) for row in job.rows if row["nip"]})
    items = []
    for (nip, _), rows in _by_plan(job.rows).items():
        who = known.get(Person(nip))
        numbers = tuple(row.number for row in rows)
        if who is not None and who.id is None:
            job.tally.refuse("plans", numbers, who.code, who.reason)
            continue
        try:
            for row in rows:
                needed(row, *REQUIRED)
            assert who is not None
            items.append(Item(numbers, _body(job, str(who.id), rows)))
        except ValueRefused as refused:
            job.refuse("plans", rows, refused)
    job.send("plans", "appraisal", "/imports/plans", items, UNHEARD)


def _by_plan(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    plans: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        plans.setdefault((row["nip"], row["year"]), []).append(row)
    return plans


def _body(job: Job, employee: str, rows: Sequence[Row]) -> dict[str, Any]:
    results: dict[str, tuple[str, dict[str, Mapping[str, Any]]]] = {}
    for row in rows:
        code, indicator = row["work_result_code"] or row["work_result"], row["indicator_code"] or row["indicator"]
        title, indicators = results.setdefault(code, (row["work_result"], {}))
        if title != row["work_result"] or indicator in indicators:
            raise ValueRefused("indicator-twice", "has the code of another: give each its own.", row.number)
        indicators[indicator] = {"title": row["indicator"], "direction": "higher", **said(row, _INDICATOR)}
    year = read_cell(rows[0], "year", whole)
    if not 2000 <= year <= 2999:
        raise ValueRefused("year-malformed", "year is 2000 to 2999.")
    return plan_body(job.sender.instansi, employee, year, _SYSTEM, job.file_hash, results)


def plan_body(
    instansi: str,
    employee: str,
    year: int,
    system: str,
    file_hash: str,
    results: Mapping[str, tuple[str, Mapping[str, Mapping[str, Any]]]],
) -> dict[str, Any]:
    """A plan as the service takes it; `results` are titles and indicators (without ids) by code."""

    def result(code: str, title: str, indicators: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        told = [{"id": str(indicator_id(instansi, employee, year, c)), **i} for c, i in indicators.items()]
        return {"id": str(_derived("work-result", instansi, employee, year, code)), "title": title, "indicators": told}

    return {
        "employee": employee,
        "year": year,
        "source": {"system": system, "file_hash": file_hash},
        "results": [result(code, *content) for code, content in results.items()],
    }


def indicator_id(instansi: str, employee: str, year: int, code: str) -> UUID:
    """The id of the indicator that imports call `code` in the plan of this employee and year."""
    return _derived("indicator", instansi, employee, year, code)


def _derived(what: str, instansi: str, employee: str, year: int, code: str) -> UUID:
    return derived_id(datetime(year, 1, 1, tzinfo=UTC), what, instansi, employee, code)
