"""What every kind of import works with, and how a row becomes a body."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.importing.sender import HEARD_SECONDS, Answer, Item, Sender, count
from cli.importing.table import Row
from cli.importing.tally import Tally
from cli.importing.values import ValueRefused

#: How a cell of a column is read.
Readers = Mapping[str, Callable[[str], Any]]

#: Refused because the service has not heard of it yet, and for how many seconds to try again.
UNHEARD = dict.fromkeys(("unknown-instansi", "unknown-employee", "unknown-unit"), HEARD_SECONDS)


@dataclass(frozen=True, slots=True)
class Job:
    """One import: the rows of a file on their way to the services."""

    rows: Sequence[Row]
    file_hash: str
    sender: Sender
    tally: Tally

    @property
    def dry_run(self) -> bool:
        """Whether to say what would change, and change nothing."""
        return self.sender.dry_run

    def refuse(self, kind: str, rows: Sequence[Row], refused: ValueRefused) -> None:
        """Refuse a fact made of these rows, naming the one that is to blame."""
        blame = f"row {refused.row}: " if refused.row and len(rows) > 1 else ""
        self.tally.refuse(kind, [row.number for row in rows], refused.code, f"{blame}{refused}")

    def send(
        self, kind: str, service: str, path: str, items: Sequence[Item], again: Mapping[str, float] | None = None
    ) -> list[Answer]:
        """Send the items and count the answers. In a dry run what waits for others of this import counts as new."""
        answers = self.sender.send(kind, service, path, items, again=again)
        if self.dry_run and again:
            answers = [Answer(a.item, "new") if a.code in again else a for a in answers]
        count(self.tally, kind, answers)
        return answers


def said(row: Row, readers: Readers) -> dict[str, Any]:
    """What the row says, by column; an empty cell says nothing. ValueRefused names the column."""
    return {column: read_cell(row, column, read) for column, read in readers.items() if row[column]}


def read_cell(row: Row, column: str, read: Callable[[str], Any]) -> Any:
    """The value of one cell. ValueRefused names the column."""
    try:
        return read(row[column])
    except ValueRefused as refused:
        raise ValueRefused(refused.code, f"{column}: {refused}", row.number) from None


def needed(row: Row, *columns: str) -> None:
    """Refuse a row in which one of these cells is empty; raises ValueRefused."""
    for column in columns:
        if not row[column]:
            raise ValueRefused("cell-empty", f"{column} is empty: fill it in.", row.number)
