"""What the adapter keeps in one SQLite file: the newest rating of each person and period, and how far its record has come.

States: `ready` (to be sent), `unmapped` (a code or a person is missing, `reason` says which), `sending` (asked for, the answer
is not known: SIASN's history is looked at before anything is sent again), `accepted`, `refused` (SIASN said why), `differs`
(SIASN has something else).
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_TABLES = """
CREATE TABLE IF NOT EXISTS record (
    employee TEXT, period TEXT, epoch INTEGER, version INTEGER, rating TEXT, body TEXT, state TEXT, reason TEXT,
    tries INTEGER DEFAULT 0, due REAL DEFAULT 0, PRIMARY KEY (employee, period)
);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT);
"""
_NEWEST = """
INSERT INTO record (employee, period, epoch, version, rating, state) VALUES (?, ?, ?, ?, ?, 'ready')
ON CONFLICT DO UPDATE SET epoch = excluded.epoch, version = excluded.version, rating = excluded.rating, state = 'ready',
    body = NULL, reason = NULL, tries = 0, due = 0
WHERE (excluded.epoch, excluded.version) > (epoch, version) AND (excluded.rating <> rating)
"""
#: The same rating under a newer version: what comes late of the versions between is older than that.
_SAME = """
UPDATE record SET epoch = ?3, version = ?4
WHERE employee = ?1 AND period = ?2 AND rating = ?5 AND (?3, ?4) > (epoch, version)
"""
_RATED = "id.go.kinerja.appraisal.rating.set.v1"
_KEPT = ("work_result", "behaviour", "predicate")


class Records:
    """The file; every method is one transaction."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file)
        self._db.row_factory = sqlite3.Row
        self._db.executescript(_TABLES)

    def cursor(self) -> str | None:
        """The place in the feed behind all that was kept."""
        found = self._db.execute("SELECT cursor FROM place").fetchone()
        return found and found["cursor"]

    def take(self, events: Iterable[Mapping[str, Any]], cursor: str | None) -> None:
        """Keep the ratings together with the place behind them; older ones and repeats change nothing."""
        with self._db:
            for event in events:
                if event["type"] == _RATED:
                    data = event["data"]
                    rating = json.dumps({name: data[name] for name in _KEPT}, sort_keys=True)
                    order = event["epoch"], event["sourceversion"]
                    row = data["employee"], data["period"], *order, rating
                    self._db.execute(_SAME, row)
                    self._db.execute(_NEWEST, row)
            self._db.execute("INSERT OR REPLACE INTO place VALUES (1, ?)", (cursor,))

    def in_state(self, *states: str, due: float | None = None) -> list[dict[str, Any]]:
        """Records in these states, of which `due` (seconds since 1970) has come."""
        marks = ", ".join("?" * len(states))
        sql = f"SELECT * FROM record WHERE state IN ({marks}) AND (? IS NULL OR due <= ?) ORDER BY period, employee"
        found = [dict(row) for row in self._db.execute(sql, (*states, due, due))]
        return [
            row | {"rating": json.loads(row["rating"]), "body": row["body"] and json.loads(row["body"])}
            for row in found
        ]

    def mark(self, record: Mapping[str, Any], state: str, reason: str | None = None, **more: Any) -> None:
        """Say how far a record has come, unless a newer rating took its place meanwhile."""
        values = {"state": state, "reason": reason, **more}
        sets = ", ".join(f"{name} = ?" for name in values)
        key = record["employee"], record["period"], record["epoch"], record["version"]
        with self._db:
            self._db.execute(
                f"UPDATE record SET {sets} WHERE (employee, period, epoch, version) = (?, ?, ?, ?)",
                (*values.values(), *key),
            )

    def counts(self) -> dict[str, int]:
        """How many records are in which state."""
        rows = self._db.execute("SELECT state, count(*) AS n FROM record GROUP BY state ORDER BY state")
        return {row["state"]: row["n"] for row in rows}
