"""SIASN as an outside subscriber: ratings that were set become its records of periodic performance.

    python siasn.py RECORDS listen                        keep the ratings that the pull feed tells, up to now
    python siasn.py RECORDS push PEOPLE                   send what is ready, and look up what nobody knows to have arrived
    python siasn.py RECORDS file PEOPLE FILE              the same as CSV, to hand in by hand
    python siasn.py RECORDS reconcile PEOPLE              compare what SIASN has with what it took
    python siasn.py RECORDS status                        how many records are in which state, and why

`--mapping FILE` names another mapping than mapping.yaml. PEOPLE is a CSV of hr's with the columns employee (the id in Kinerja),
nip and what the mapping asks for: the feed has no names and no NIP. Reads KINERJA_FEED_URL (up to the agency),
KINERJA_FEED_TOKEN; SIASN_URL, SIASN_GATEWAY_TOKEN and SIASN_SSO_TOKEN. Needs PyYAML. Exit code 1: something waits for a person.
Run it from cron, one at a time.
"""

import argparse
import csv
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from records import Records

TYPES = "id.go.kinerja.appraisal.rating.set.v1"
SECONDS = 30
#: Seconds until the next try; the last stays.
WAITS = (60, 300, 1_800, 7_200)


class Unmapped(Exception):
    """A record lacks something; the text says what."""


def setting(name: str) -> str:
    """A variable of the environment. SystemExit when it is not set."""
    return os.environ.get(name) or sys.exit(f"{name} is not set; docs/how-to/siasn.md says what it is.")


def listen(records: Records) -> None:
    """Keep page after page until there is nothing more."""
    while True:
        asked = {"types": TYPES, "limit": 500} | ({"after": cursor} if (cursor := records.cursor()) else {})
        request = urllib.request.Request(
            f"{setting('KINERJA_FEED_URL')}/events?{urllib.parse.urlencode(asked)}",
            headers={"Authorization": f"Bearer {setting('KINERJA_FEED_TOKEN')}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                page = json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 410:
                sys.exit(f"Kinerja answers {error.code}: {error.read(500).decode(errors='replace')}")
            records.take([], None)  # the road was rebuilt: what is known changes nothing
            continue
        except OSError as error:  # cron comes again
            sys.exit(f"Kinerja does not answer: {error}")
        records.take(page["events"], page["next"])
        if not page["more"]:
            return


def body_of(record: Mapping[str, Any], person: Mapping[str, str] | None, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """The record as SIASN wants it. Unmapped."""
    if person is None:
        raise Unmapped("the employee is not in the CSV of people")
    rating, year, first, last = record["rating"], int(record["period"][:4]), *_months(record["period"][5:])
    values = {
        "work": mapping["rating"].get(rating["work_result"]),
        "behaviour": mapping["rating"].get(rating["behaviour"]),
        "quadrant": mapping["quadrant"].get(rating["predicate"]),
        "year": year,
        "first_year": year,
        "last_year": year,
        "first_month": first,
        "last_month": last,
        **{f"person.{column}": value or None for column, value in person.items()},
    }
    found = {
        field: source[1:] if source.startswith("=") else values.get(source)
        for field, source in mapping["fields"].items()
    }
    if missing := [field for field, value in found.items() if value is None]:
        raise Unmapped("no value for " + ", ".join(missing))
    return found


def prepare(records: Records, people: Mapping[str, Any], mapping: Mapping[str, Any]) -> None:
    """Make the body of each record that is ready; what lacks something says so, and is tried again next time."""
    for record in records.in_state("ready", "unmapped"):
        try:
            body = body_of(record, people.get(record["employee"]), mapping)
        except Unmapped as error:
            records.mark(record, "unmapped", str(error))
        else:
            records.mark(record, "ready", record["reason"], body=json.dumps(body))


def push(records: Records, people: Mapping[str, Any], mapping: Mapping[str, Any]) -> None:
    """Send what is ready. A record whose answer was lost is looked for first: SIASN knows no repeated request."""
    prepare(records, people, mapping)
    for record in records.in_state("sending", due=time.time()):
        _look_up(records, record, people, mapping)
    for record in records.in_state("ready", due=time.time()):
        records.mark(record, "sending", body=json.dumps(record["body"]))
        try:
            _call("POST", mapping["save"], record["body"])
        except urllib.error.HTTPError as error:
            if error.code < 500 and error.code != 429:
                records.mark(record, "refused", f"{error.code} {error.read(500).decode(errors='replace')}")
            else:
                _later(records, record, f"{error.code}")
        except OSError as error:
            _later(records, record, type(error).__name__)
        else:
            records.mark(record, "accepted")


def reconcile(records: Records, people: Mapping[str, Any], mapping: Mapping[str, Any]) -> None:
    """What SIASN took and no longer has is sent again; what it has otherwise is for a person."""
    for record in records.in_state("accepted", "differs"):
        _look_up(records, record, people, mapping)


def _look_up(records: Records, record: dict[str, Any], people: Mapping[str, Any], mapping: Mapping[str, Any]) -> None:
    person = people.get(record["employee"])
    if person is None:
        return records.mark(record, record["state"], "the employee is not in the CSV of people")
    try:
        told = _call("GET", mapping["history"].format(nip=urllib.parse.quote(person["nip"])), None)
    except OSError as error:
        return _later(records, record, type(error).__name__, state=record["state"])

    def fits(row: Mapping[str, Any], fields: list[str]) -> bool:
        return all(str(row.get(field)) == str(record["body"][field]) for field in fields)

    same_period = [row for row in told["data"] if fits(row, mapping["period"])]
    if any(fits(row, mapping["same"]) for row in same_period):
        return records.mark(record, "accepted")
    if same_period and record["state"] != "sending":
        return records.mark(record, "differs", "SIASN has other values for this period")
    return records.mark(record, "ready", "SIASN does not have it")


def _later(records: Records, record: Mapping[str, Any], reason: str, state: str = "sending") -> None:
    wait = WAITS[min(record["tries"], len(WAITS) - 1)]
    records.mark(record, state, reason, tries=record["tries"] + 1, due=time.time() + wait)


def _call(method: str, path: str, body: Mapping[str, Any] | None) -> Any:
    request = urllib.request.Request(
        setting("SIASN_URL") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {setting('SIASN_GATEWAY_TOKEN')}",
            "Auth": f"bearer {setting('SIASN_SSO_TOKEN')}",
        },
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        return json.load(answer)


def write_file(records: Records, people: Mapping[str, Any], mapping: Mapping[str, Any], file: Path) -> None:
    """What is to be sent, as CSV with the fields of the mapping; its state stays as it is."""
    prepare(records, people, mapping)
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, ["nip", *mapping["fields"]])
        writer.writeheader()
        for record in records.in_state("ready"):
            writer.writerow({"nip": people[record["employee"]]["nip"], **record["body"]})


def read(file: Path) -> dict[str, dict[str, str]]:
    """People by their id in Kinerja. SystemExit when the file cannot be read, or lacks a column."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as source:
            rows = list(csv.DictReader(source))
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{file} cannot be read: {error}")
    if rows and not {"employee", "nip"} <= rows[0].keys():
        sys.exit(f"{file} needs the columns employee, nip, and those that the mapping asks for.")
    return {row["employee"]: row for row in rows}


def _months(code: str) -> tuple[int, int]:
    """The first and last month of `03` or `Q2`."""
    if code.startswith("Q"):
        return int(code[1]) * 3 - 2, int(code[1]) * 3
    return int(code), int(code)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path)
    parser.add_argument("--mapping", type=Path, default=Path(__file__).parent / "mapping.yaml")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("listen", "push", "file", "reconcile", "status"):
        command = commands.add_parser(name)
        if name in ("push", "file", "reconcile"):
            command.add_argument("people", type=Path)
        if name == "file":
            command.add_argument("file", type=Path)
    asked = parser.parse_args()
    records, mapping = Records(asked.records), yaml.safe_load(asked.mapping.read_text())
    if asked.command in ("push", "reconcile"):
        _ = [
            setting(name) for name in ("SIASN_URL", "SIASN_GATEWAY_TOKEN", "SIASN_SSO_TOKEN")
        ]  # before anything is sent
    people = read(asked.people) if "people" in asked else {}
    match asked.command:
        case "listen":
            listen(records)
        case "push":
            push(records, people, mapping)
        case "file":
            write_file(records, people, mapping, asked.file)
        case "reconcile":
            reconcile(records, people, mapping)
    waiting = records.in_state("unmapped", "refused", "differs")
    print(json.dumps({"counts": records.counts(), "waiting": [_shown(record) for record in waiting]}))
    sys.exit(1 if waiting else 0)


def _shown(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("employee", "period", "state", "reason")}


if __name__ == "__main__":
    main()
