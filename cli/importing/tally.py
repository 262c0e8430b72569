"""What became of the rows of a file: counted, said, and the refused ones written to a file."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import click
from rich.console import Console

from cli.importing.table import write

Outcome = Literal["new", "changed", "unchanged", "refused"]
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
_SHOWN = 10


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """A row that was not taken, with a stable code and the reason."""

    row: int
    code: str
    reason: str


@dataclass(slots=True)
class Tally:
    """Counts facts by kind (`entries`, `people`, …) and outcome, and the rows they come from.

    A row is accepted when something new or changed was taken from it, and unchanged when all of it was known.
    """

    rows: int = 0
    dry_run: bool = False
    facts: dict[str, Counter[Outcome]] = field(default_factory=dict)
    absent: int | None = None
    refused: list[Refused] = field(default_factory=list)
    _taken: set[int] = field(default_factory=set)
    _known: set[int] = field(default_factory=set)
    _started: float = field(default_factory=time.monotonic)

    def note(self, kind: str, outcome: Outcome, rows: Iterable[int] = ()) -> None:
        """One fact made of these rows was taken as new or changed, or was known."""
        self.facts.setdefault(kind, Counter())[outcome] += 1
        (self._known if outcome == "unchanged" else self._taken).update(rows)

    def refuse(self, kind: str, rows: Iterable[int], code: str, reason: str) -> None:
        """One fact made of these rows was refused."""
        self.facts.setdefault(kind, Counter())["refused"] += 1
        self.refused += [Refused(row, code, reason) for row in rows]

    def total(self, outcome: Outcome) -> int:
        """All facts with this outcome."""
        return sum(counts[outcome] for counts in self.facts.values())

    def summary(self) -> dict[str, Any]:
        """The last line of `--json`. In a dry run `accepted` are the rows that would be."""
        numbers: dict[str, Any] = {
            "rows": self.rows,
            "accepted": len(self._taken),
            "unchanged": len(self._known - self._taken),
            "refused": len(self.refused),
            "seconds": round(time.monotonic() - self._started, 2),
            "facts": {kind: dict(counts) for kind, counts in self.facts.items()},
        }
        if self.dry_run:
            numbers |= {"dry_run": True, "new": self.total("new"), "changed": self.total("changed")}
            numbers |= {} if self.absent is None else {"absent": self.absent}
        return numbers


def report(tally: Tally, source: Path, *, as_json: bool) -> None:
    """Say what became of the rows; with `as_json` the last line of standard output is the summary.

    Refused rows are written to <name>.refused.csv in the current folder, in a dry run only shown. FileRefused: that
    file cannot be written.
    """
    console, summary = Console(stderr=True, highlight=False, soft_wrap=True), tally.summary()
    would = "would be " if tally.dry_run else ""
    console.print(
        f"{tally.rows} rows: {summary['accepted']} {would}accepted, {summary['unchanged']} unchanged,"
        f" {summary['refused']} refused, {summary['seconds']} s"
    )
    for kind, counts in tally.facts.items():
        console.print(
            f"  {kind}: " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in _OUTCOMES if counts[outcome])
        )
    if tally.absent is not None:
        console.print(f"  known here but absent from the file: {tally.absent}")
    refused = sorted(tally.refused)
    for each in refused[:_SHOWN]:
        console.print(f"  row {each.row}: {each.code}: {each.reason}", markup=False)
    if len(refused) > _SHOWN:
        console.print(f"  … and {len(refused) - _SHOWN} more")
    if as_json:
        click.echo(json.dumps(summary))
    if refused and not tally.dry_run:
        path = refused_file(source)
        write(path, ("row", "code", "reason"), [(each.row, each.code, each.reason) for each in refused])
        console.print(f"All refused rows with their reasons: {path}", markup=False)


def refused_file(source: Path) -> Path:
    """Where the refused rows of a file are written."""
    return Path(f"{source.name.split('.')[0]}.refused.csv")
