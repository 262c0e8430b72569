"""What payroll keeps: the results it heard, and each line it was to pay by, with the line's state. One SQLite file.

A line is `written` once it is in a file, then `accepted` or `refused` as payroll answers; what was refused is in the next
file again. A month's lines are fixed before its file is made, so that a kill in between changes nothing.
"""

import csv
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS fact (
    instansi TEXT, subject TEXT, kind TEXT, period TEXT, epoch INTEGER, version INTEGER, data TEXT,
    PRIMARY KEY (instansi, subject, kind)
);
CREATE TABLE IF NOT EXISTS renewed (instansi TEXT PRIMARY KEY, epoch INTEGER);
CREATE TABLE IF NOT EXISTS unreadable (body BLOB, reason TEXT);
CREATE TABLE IF NOT EXISTS line (
    id INTEGER PRIMARY KEY, month TEXT, instansi TEXT, review TEXT, employee TEXT, period TEXT, kind TEXT,
    old_percent TEXT, percent TEXT, predicate TEXT, state TEXT, reason TEXT, tries INTEGER DEFAULT 1
);
CREATE UNIQUE INDEX IF NOT EXISTS once ON line (instansi, review) WHERE kind = 'final';
CREATE UNIQUE INDEX IF NOT EXISTS once_a_month ON line (instansi, review, month) WHERE kind = 'adjustment';
"""
_NEWEST = """
INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET epoch = excluded.epoch, version = excluded.version, data = excluded.data
WHERE (excluded.epoch, excluded.version) > (epoch, version)
"""
_RENEWED = "INSERT INTO renewed VALUES (?, ?) ON CONFLICT DO UPDATE SET epoch = max(epoch, excluded.epoch)"
_COUNTS = """
SELECT count(*), count(data ->> 'predicate'), count(*) FILTER (WHERE data ->> 'percent' IS NULL)
FROM fact WHERE kind = 'closed' AND instansi = ? AND period = ?
"""
_FINALS = """
INSERT INTO line (month, instansi, review, employee, period, kind, percent, predicate, state)
SELECT ?, instansi, subject, data ->> 'employee', period, 'final', data ->> 'percent', data ->> 'predicate', 'written'
FROM fact WHERE kind = 'closed' AND instansi = ? AND period = ?
ON CONFLICT DO NOTHING
"""
#: What is true now and differs from what the newest line said; not in the month in which the result itself is paid.
_ADJUSTMENTS = """
INSERT INTO line (month, instansi, review, employee, period, kind, old_percent, percent, predicate, state)
SELECT :month, l.instansi, l.review, l.employee, l.period, 'adjustment', l.percent, now.percent, l.predicate, 'written'
FROM (
    SELECT c.instansi, c.subject, CASE WHEN a.subject IS NULL THEN c.data ->> 'percent' ELSE a.data ->> 'new_percent' END AS percent
    FROM fact c LEFT JOIN fact a ON a.instansi = c.instansi AND a.subject = c.subject AND a.kind = 'adjusted'
    WHERE c.kind = 'closed'
) AS now
JOIN line l ON l.id = (SELECT max(id) FROM line WHERE instansi = now.instansi AND review = now.subject)
WHERE l.month < :month AND now.percent IS NOT l.percent
ON CONFLICT DO NOTHING
"""
_AGAIN = """
UPDATE line SET state = 'written', month = ?, tries = tries + 1, reason = NULL WHERE state = 'refused' AND month < ?
"""
_KINDS = {
    "id.go.kinerja.appraisal.review.closed.v1": "closed",
    "id.go.kinerja.appraisal.review.adjusted.v1": "adjusted",
    "id.go.kinerja.appraisal.period.closed.v1": "period",
}
COLUMNS = ("id", "instansi", "employee", "period", "kind", "old_percent", "percent", "predicate", "tries")


class Book:
    """A file that a kill at any moment leaves whole."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def take(self, bodies: Iterable[bytes]) -> None:
        """Keep some messages; acknowledge them only after it returned. Twice, late or out of order is all the same."""
        with self._whole():
            for body in bodies:
                try:
                    event = json.loads(body)
                    self._keep(event)
                except (ValueError, KeyError, TypeError) as error:
                    self._db.execute("INSERT INTO unreadable VALUES (?, ?)", (body, repr(error)))

    def _keep(self, event: Mapping[str, Any]) -> None:
        instansi, epoch, data = event["instansi"], event["epoch"], event["data"]
        if event["type"].endswith(".record.renewed.v1"):
            # The record was restored: what was not told again is void. What was paid by stays in its lines.
            self._db.execute(_RENEWED, (instansi, data["epoch"]))
            self._db.execute("DELETE FROM fact WHERE instansi = ? AND epoch < ?", (instansi, data["epoch"]))
            return
        void = self._db.execute("SELECT 1 FROM renewed WHERE instansi = ? AND epoch > ?", (instansi, epoch)).fetchone()
        if (kind := _KINDS.get(event["type"])) and not void:
            place = instansi, event["subject"], kind, data["period"], epoch, event["sourceversion"]
            self._db.execute(_NEWEST, (*place, json.dumps(data)))

    def missing(self) -> list[str]:
        """Closed periods of which not everything has come: in words, by their counts."""
        return [words for _, _, words in self._periods() if words]

    def fix(self, month: str) -> None:
        """Decide the lines of a month: results of periods that are whole, adjustments, and what was refused."""
        with self._whole():
            self._db.execute(_AGAIN, (month, month))
            self._db.execute(_ADJUSTMENTS, {"month": month})
            for instansi, period, words in self._periods():
                if not words:
                    self._db.execute(_FINALS, (month, instansi, period))

    def write(self, month: str, file: Path) -> int:
        """The lines of a month that payroll has not answered, as CSV; returns how many. The same however often."""
        found = f"SELECT {', '.join(COLUMNS)} FROM line WHERE month = ? AND state = 'written' ORDER BY id"
        rows = self._db.execute(found, (month,)).fetchall()
        unfinished = file.with_name(file.name + ".new")
        with unfinished.open("w", newline="") as output:
            csv.writer(output).writerows([COLUMNS, *rows])
        unfinished.rename(file)
        return len(rows)

    def reconcile(self, answers: Iterable[Mapping[str, str]]) -> list[str]:
        """Take over payroll's answers (id, state, reason); returns in words what does not fit."""
        wrong = []
        with self._whole():
            for answer in answers:
                known = answer["state"] in ("accepted", "refused")
                change = "UPDATE line SET state = ?, reason = ? WHERE id = ? AND state IN ('written', ?)"
                row = answer["state"], answer["reason"] or None, answer["id"], answer["state"]
                if not known or self._db.execute(change, row).rowcount == 0:
                    wrong.append(f"line {answer['id']}: {answer['state']!r} does not follow what we know of it")
        return wrong

    def states(self) -> dict[str, int]:
        """How many lines there are in each state."""
        return dict(self._db.execute("SELECT state, count(*) FROM line GROUP BY state ORDER BY state").fetchall())

    def _periods(self) -> list[tuple[str, str, str]]:
        """Each closed period, and what is missing of it in words; nothing when it is whole."""
        found = []
        for instansi, period, text in self._db.execute(
            "SELECT instansi, period, data FROM fact WHERE kind = 'period' ORDER BY instansi, period"
        ).fetchall():
            told = json.loads(text)
            said = told["expected"], told["rated"], told["not_measured"]
            have = self._db.execute(_COUNTS, (instansi, period)).fetchone()
            words = f"{instansi} {period}: expected, rated, not measured are {said}, and here {have}"
            found.append((instansi, period, "" if have == said else words))
        return found
