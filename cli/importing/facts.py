"""Rows of an export as entries and service records, under ids that follow from what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cli.importing.job import Job, needed, read_cell
from cli.importing.mapping import Entries, Mapping, ServiceRecords, cell
from cli.importing.people import Person
from cli.importing.plans import indicator_id
from cli.importing.registering import Known
from cli.importing.sender import Item
from cli.importing.table import Row
from cli.importing.values import ValueRefused, code, moment, number, whole
from shared.calendar import local_date
from shared.ids import derived_id

ENTRIES, RECORDS = "entries", "service records"


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the rows of a job as its mapping says, about people and units that are known; notes the `years` it meets."""

    job: Job
    mapping: Mapping
    known: Known
    years: set[int] = field(default_factory=set)

    def entries(self, how: Entries) -> Iterator[Item]:
        """The entry of each row. What cannot be read is refused; one of a person not registered yet only counted."""
        made: dict[str, str] = {}
        for row in self.job.rows:
            try:
                item = self._entry(row, how)
                if item is not None and made.setdefault(row[how.identity], item.body["id"]) != item.body["id"]:
                    raise ValueRefused("identity-twice", f"{how.identity} stands in an earlier row with another time.")
            except ValueRefused as refused:
                self.job.refuse(ENTRIES, [row], refused)
                continue
            if item is None:
                self.job.tally.note(ENTRIES, "new", [row.number])
            else:
                yield item

    def _entry(self, row: Row, how: Entries) -> Item | None:
        needed(row, how.identity, how.employee, how.time)
        employee = self._person(row, how.employee)
        at = self._moment(row, how.time)
        day = local_date(at, self.known.zone)
        body: dict[str, Any] = {
            "id": self._id(at, "entry", row[how.identity]),
            "day": day.isoformat(),
            "quantity": str(self._quantity(row, how)),
            "source": self._source(row),
        }
        if ":" in row[how.time]:
            body["done_at"] = at.isoformat()
        if activity := cell(row, how.activity):
            body["activity"] = code(activity)
        if how.unit and row[how.unit]:
            body["unit"] = self._unit(row, how.unit)
        if minutes := cell(row, how.minutes):
            body["minutes"] = whole(minutes)
        if how.description and row[how.description]:
            body["description"] = row[how.description]
        self.years.add(day.year)
        if employee is None:
            return None
        if indicator := cell(row, how.indicator):
            body["indicator"] = _indicator(self.job.sender.instansi, employee, day.year, indicator)
        return Item((row.number,), {"employee": employee, **body})

    def records(self, how: ServiceRecords) -> Iterator[Item]:
        """The record of each group of rows with one identity, refused or counted like entries."""
        groups: dict[str, list[Row]] = {}
        for row in self.job.rows:
            groups.setdefault(row[how.identity], []).append(row)
        for rows in groups.values():
            try:
                item = self._record(rows, how)
            except ValueRefused as refused:
                self.job.refuse(RECORDS, rows[:1], refused)
                continue
            if item is None:
                self.job.tally.note(RECORDS, "new", [rows[0].number])
            else:
                yield item

    def _record(self, rows: Sequence[Row], how: ServiceRecords) -> Item | None:
        row = rows[0]
        needed(row, how.identity, how.officer, how.started)
        for other in rows:
            for where in (how.product, how.officer, how.started, how.completed, how.due):
                if cell(other, where) != cell(row, where):
                    raise ValueRefused(
                        "record-differs", f"row {other.number} says {where} otherwise than row {row.number}."
                    )
        officer = self._person(row, how.officer)
        started = self._moment(row, how.started)
        body: dict[str, Any] = {
            "id": self._id(started, "service-record", row[how.identity]),
            "officer": officer,
            "product": code(cell(row, how.product)),
            "started": started.isoformat(),
            "source": self._source(row),
        }
        if how.due and row[how.due]:
            body["due"] = self._moment(row, how.due).isoformat()
        if row[how.completed]:
            completed = self._moment(row, how.completed)
            if completed < started:
                raise ValueRefused(
                    "ends-before-start", f"{how.completed} lies before {how.started}: correct one of them."
                )
            body["completed"] = completed.isoformat()
            self.years.add(local_date(completed, self.known.zone).year)
        return None if officer is None else Item((row.number,), body)

    def _person(self, row: Row, column: str) -> str | None:
        system = self.mapping.system if self.mapping.people.called_by == "id" else None
        try:
            return self.known.person(Person(row[column], system))
        except ValueRefused as refused:
            raise ValueRefused(refused.code, f"{column}: {refused}") from None

    def _unit(self, row: Row, column: str) -> str | None:
        unit: str | None = read_cell(row, column, self.known.unit)
        return unit

    def _moment(self, row: Row, column: str) -> datetime:
        at: datetime = read_cell(row, column, lambda text: moment(text, self.known.zone))
        return at

    def _quantity(self, row: Row, how: Entries) -> Any:
        if isinstance(how.quantity, str):
            needed(row, how.quantity)
        return number(cell(row, how.quantity))

    def _source(self, row: Row) -> dict[str, Any]:
        return {"system": self.mapping.system, "file_hash": self.job.file_hash, "row": row.number}

    def _id(self, at: datetime, what: str, identity: str) -> str:
        if at > datetime.now(UTC) + timedelta(days=1):
            raise ValueRefused("future-date", f"{local_date(at, self.known.zone)} has not come yet: correct the date.")
        try:
            return str(derived_id(at, what, self.job.sender.instansi, self.mapping.system, identity))
        except ValueError as error:
            raise ValueRefused("time-malformed", f"{error}.") from error


def _indicator(instansi: str, employee: str, year: int, written: str) -> str:
    """An id as it is; anything else is what an import called the indicator."""
    try:
        return str(UUID(written))
    except ValueError:
        return str(indicator_id(instansi, employee, year, written))
