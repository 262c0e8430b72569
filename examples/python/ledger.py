"""What a subscriber keeps: a ledger in SQLite that says the same whatever came twice, late or out of order.

Every event is kept once by its id. What is true now is kept by subject: the newest (epoch, sourceversion) wins.
"""

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

#: The messages this system listens to, and what each of them is about.
ABOUT = {
    "activity.entry.logged.v1": "entry",
    "activity.entry.amended.v1": "entry",
    "activity.entry.withdrawn.v1": "entry",
    "activity.entry.verified.v1": "entry",
    "activity.entry.returned.v1": "entry",
    "activity.entry.verification-withdrawn.v1": "entry",
    "activity.entry.lapsed.v1": "entry",
    "activity.entry.imported.v1": "entry",
    "appraisal.review.closed.v1": "closed",
    "appraisal.review.adjusted.v1": "adjusted",
}
RENEWED = ("activity.record.renewed.v1", "appraisal.record.renewed.v1")

#: What this program needs of a message.
_ATTRIBUTES: dict[str, type] = {
    **dict.fromkeys(("id", "type", "instansi", "subject", "recordedat"), str),
    **dict.fromkeys(("epoch", "sourceversion"), int),
    "data": dict,
}
_TABLES = """
CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, type TEXT, instansi TEXT, recorded TEXT);
CREATE TABLE IF NOT EXISTS fact (
    instansi TEXT, subject TEXT, about TEXT, service TEXT, epoch INTEGER, version INTEGER, data TEXT,
    PRIMARY KEY (instansi, subject, about)
);
CREATE TABLE IF NOT EXISTS renewed (instansi TEXT, service TEXT, epoch INTEGER, PRIMARY KEY (instansi, service));
CREATE TABLE IF NOT EXISTS unreadable (body BLOB, reason TEXT);
CREATE TABLE IF NOT EXISTS place (cursor TEXT);
"""
_NEWEST = """
INSERT INTO fact VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (instansi, subject, about) DO UPDATE SET epoch = excluded.epoch, version = excluded.version, data = excluded.data
WHERE (excluded.epoch, excluded.version) > (epoch, version)
"""
_MARK = """
INSERT INTO renewed VALUES (?, ?, ?) ON CONFLICT (instansi, service) DO UPDATE SET epoch = max(epoch, excluded.epoch)
"""


def readable(body: bytes) -> dict[str, Any]:
    """The message in `body`; ValueError or TypeError when it is none of Kinerja's."""
    event: dict[str, Any] = json.loads(body)
    for name, kind in _ATTRIBUTES.items():
        if not isinstance(event, dict) or not isinstance(event.get(name), kind):
            raise TypeError(f"{name} is missing or no {kind.__name__}")
    return event


class Ledger:
    """A file that survives a kill at any moment: what was taken is there whole, or will come again."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    def cursor(self) -> str | None:
        """The place behind what was taken, for who pulls by HTTP."""
        found = self._db.execute("SELECT cursor FROM place").fetchone()
        return found[0] if found else None

    def take(self, bodies: Iterable[bytes], cursor: str | None = None) -> None:
        """Keep some messages, and the place behind them, in one transaction; acknowledge them only after it returned."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            for body in bodies:
                try:
                    event = readable(body)
                except (ValueError, TypeError) as error:  # kept for a human; it must not hold up the rest
                    self._db.execute("INSERT INTO unreadable VALUES (?, ?)", (body, repr(error)))
                    continue
                kind = event["type"].removeprefix("id.go.kinerja.")
                self._note(event, kind)
                if kind in RENEWED:
                    self._renew(event, kind)
                elif kind in ABOUT:
                    self._keep(event, kind)
            self._db.execute("DELETE FROM place")
            self._db.execute("INSERT INTO place VALUES (?)", (cursor,))
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _note(self, event: Mapping[str, Any], kind: str) -> None:
        row = event["id"], kind, event["instansi"], event["recordedat"]
        self._db.execute("INSERT INTO event VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row)

    def _keep(self, event: Mapping[str, Any], kind: str) -> None:
        instansi, service, order = event["instansi"], kind.split(".")[0], (event["epoch"], event["sourceversion"])
        mark = self._db.execute("SELECT epoch FROM renewed WHERE (instansi, service) = (?, ?)", (instansi, service))
        if order[0] < (mark.fetchone() or (0,))[0]:
            return  # void: the record was restored since, and did not tell it again
        about = ABOUT[kind]
        if about == "adjusted":  # each one counts by itself
            about = f"adjusted {order[1]}"
        row = instansi, event["subject"], about, service, *order, json.dumps(event["data"])
        self._db.execute(_NEWEST, row)

    def _renew(self, event: Mapping[str, Any], kind: str) -> None:
        """The record was restored and told anew: what has an older epoch did not come again, and is void."""
        place = event["instansi"], kind.split(".")[0], event["data"]["epoch"]
        self._db.execute(_MARK, place)
        self._db.execute("DELETE FROM fact WHERE (instansi, service) = (?, ?) AND epoch < ?", place)

    def picture(self) -> dict[str, Any]:
        """What is true now: entries, what counts of them, closed results with their adjustments; and the events' ids."""
        entries: dict[str, Any] = {}
        counted: dict[str, Decimal] = {}
        results: dict[str, Any] = {}
        found = "SELECT subject, about, version, data FROM fact ORDER BY instansi, subject, version"
        for subject, about, version, text in self._db.execute(found):
            data = json.loads(text)
            if about == "entry":
                entries[subject] = [version, data["status"], data["quantity"]]
                if data["status"] in ("verified", "imported"):
                    key = f"{data['employee']} {data['period']}"
                    counted[key] = counted.get(key, Decimal(0)) + Decimal(data["quantity"])
            elif about == "closed":
                results.setdefault(subject, {"adjusted": []})["percent"] = data["percent"]
            else:
                results.setdefault(subject, {"adjusted": []})["adjusted"].append(data["new_percent"])
        for result in results.values():
            result["percent"] = result["adjusted"][-1] if result["adjusted"] else result.get("percent")
        return {
            "entries": entries,
            "counted": {key: format(value, "f") for key, value in counted.items()},
            "results": results,
            "events": [row[0] for row in self._db.execute("SELECT id FROM event ORDER BY id")],
        }


def setting(name: str) -> str:
    """A variable of the environment. SystemExit when it is not set."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; docs/how-to/subscribe.md says where it comes from.")


def command(said: str | None, follow: Callable[[Ledger, bool], None]) -> None:
    """The command of a subscriber that `said` describes: `follow` fills the ledger, and ends by itself when told `--once`."""
    parser = argparse.ArgumentParser(description=said, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ledger", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--print", action="store_true", dest="show")
    asked = parser.parse_args()
    ledger = Ledger(asked.ledger)
    if asked.show:
        print(json.dumps(ledger.picture()))
    else:
        follow(ledger, asked.once)
