"""Bad messages on the road end as dead letters and stop nobody; facts about somebody not known yet wait and then count."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
from nats.js.client import JetStreamContext

from shared.contracts.activity import EntryFact, EntryReturned, EntryVerified
from shared.contracts.base import Message
from shared.contracts.directory import AssignmentChanged, EmployeeChanged
from shared.eventstore.decider import Recorded
from shared.eventstore.outbox import Parcel, parcel
from shared.ids import fresh_id
from tests.e2e.office import Office, open_office
from tests.e2e.story import plan
from tests.e2e.town import Town, until

_HEARERS = {
    ("appraisal", "appraisal--activity--entries"),
    ("notification", "notification--activity--waiting"),
    ("portal", "portal--activity--entries"),
    ("portal", "portal--activity--live"),
}


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return open_office(town, "kota-pos")


def packed(office: Office, message: Message, source: UUID) -> Parcel:
    """The first version of `source`, as its service would send it."""
    now, meta = datetime.now(UTC), {"correlation_id": "e2e-road"}
    at = Recorded(instansi=office.agency.code, stream=source, version=1, occurred_at=now, recorded_at=now, meta=meta)
    return parcel(message, at, 1)


def send(town: Town, user: str, parcels: Sequence[tuple[str, bytes]]) -> None:
    """Publish as the NATS user of a service."""

    async def work(js: JetStreamContext) -> None:
        for subject, payload in parcels:
            await js.publish(subject, payload, headers={"Nats-Msg-Id": str(fresh_id())})

    town.road(work, user)


def fact(office: Office, kind: type[EntryFact], employee: UUID, indicator: UUID | None) -> Parcel:
    """An entry of `employee` with the quantity 5."""
    entry, today = fresh_id(), office.agency.today
    message = kind(
        entry=entry,
        employee=employee,
        day=today,
        period=f"{today:%Y-%m}",
        indicator=indicator,
        quantity=Decimal(5),
        minutes=None,
        activity=None,
        status="verified" if kind is EntryVerified else "returned",
        verdict="meets" if kind is EntryVerified else None,
        verified_by=UUID(office.agency.people["boss"]) if kind is EntryVerified else None,
        late=False,
        unit=None,
    )
    return packed(office, message, entry)


def bad_messages(office: Office) -> tuple[str, dict[str, bytes]]:
    """The subject of verified entries, and what must not pass there by what is said of it."""
    good = fact(office, EntryVerified, UUID(office.agency.people["ani"]), UUID(office.indicator))
    read = orjson.loads(good.body)
    broken = {
        "no CloudEvent of ours: specversion": {"hello": 1},
        "no CloudEvent of ours: sourceversion": read | {"sourceversion": 0},
        "data against the contract of id.go.kinerja.activity.entry.verified.v1: quantity": read
        | {"data": read["data"] | {"quantity": "banyak"}},
        "data against the contract of id.go.kinerja.activity.entry.verified.v1: employee": read
        | {"data": {key: value for key, value in read["data"].items() if key != "employee"}},
        "belongs to another instansi": read | {"instansi": "kota-lain"},
        "type id.go.kinerja.activity.entry.verified.v9 is none": read
        | {"type": "id.go.kinerja.activity.entry.verified.v9"},
    }
    payloads = {reason: orjson.dumps(document) for reason, document in broken.items()}
    return good.subject, {"no JSON": b"\xff half a mess\0age", **payloads}


def letters(town: Town, office: Office, *options: str) -> list[dict[str, Any]]:
    listed = json.loads(town.kinerja("dead-letters", "list", "--json", *options))
    return [letter for letter in listed if letter["instansi"] == office.agency.code]


def test_broken_messages_become_dead_letters_with_their_reason_and_good_ones_go_on(town: Town, office: Office) -> None:
    agency = office.agency
    subject, broken = bad_messages(office)
    send(town, "activity", [(subject, payload) for payload in broken.values()])
    agency.do("boss", "activity", "POST", f"/entries/{office.entry}/verify", {"version": 1})
    review = f"/reviews/{agency.people['ani']}/{agency.today:%Y-%m}"
    until(lambda: agency.do("ani", "appraisal", "GET", review)["percent"] == "15")
    town.settle()

    found = letters(town, office)
    assert {(letter["service"], letter["durable"]) for letter in found} == _HEARERS
    assert {(letter["reason"], letter["tries"], letter["subject"]) for letter in found} == {("contract", 1, subject)}
    for _, durable in _HEARERS:
        errors = [letter["error"] for letter in found if letter["durable"] == durable]
        assert len(errors) == len(broken)
        assert [reason for reason in broken if not any(reason in error for error in errors)] == []

    first = next(letter for letter in found if "banyak" not in letter["error"] and "no JSON" in letter["error"])
    shown = json.loads(town.kinerja("dead-letters", "show", first["id"]))
    assert "half a mess" in shown["payload"]
    assert "ContractBroken" in shown["trace"]
    assert "failed again: no JSON" in town.kinerja("dead-letters", "retry", first["id"], code=1)
    ids = [letter["id"] for letter in found]
    town.kinerja("dead-letters", "drop", *ids, "--because", "made by a test", "--yes")
    assert letters(town, office) == []
    assert {letter["settled"] for letter in letters(town, office, "--settled")} == {"dropped"}


def arrival(office: Office, employee: UUID) -> list[Parcel]:
    """What the directory tells of a new officer under the boss."""
    agency = office.agency
    [post] = agency.do("hana", "directory", "GET", "/positions?code=STAF")["items"]
    assignment = AssignmentChanged(
        assignment=fresh_id(),
        employee=employee,
        unit=UUID(office.unit),
        position=UUID(post["id"]),
        superior=UUID(agency.people["boss"]),
        kind="definitif",
        valid_from=agency.today,
        valid_to=None,
    )
    known = EmployeeChanged(employee=employee, kind="PNS", active=True)
    return [packed(office, known, employee), packed(office, assignment, assignment.assignment)]


def test_facts_about_somebody_not_known_yet_wait_and_count_once_the_directory_tells(town: Town, office: Office) -> None:
    agency, new, indicator = office.agency, fresh_id(), fresh_id()
    period = f"{agency.today:%Y-%m}"
    before = letters(town, office)
    early = [fact(office, kind, new, indicator) for kind in (EntryVerified, EntryReturned)]
    send(town, "activity", [(each.subject, each.body.encode()) for each in early])
    town.settle()
    waiting = {"employee": str(new), "period": period, "facts": 2, "reason": "unknown-employee"}
    assert agency.do("hana", "appraisal", "GET", "/unplaced-facts")["items"] == [waiting]
    assert agency.do("hana", "notification", "GET", "/statistics")["owed"]["open"] == 1
    assert agency.ask("hana", "appraisal", "GET", f"/reviews/{new}/{period}").status_code == 404

    send(town, "directory", [(each.subject, each.body.encode()) for each in arrival(office, new)])
    source = {"source": {"system": "e-kinerja", "file_hash": "b" * 64}}
    skp = plan(str(indicator)) | source | {"employee": str(new), "year": agency.today.year}
    asked = ("hana", "appraisal", "POST", "/imports/plans", {"items": [skp]})
    until(lambda: "unknown-employee" not in agency.ask(*asked).text)
    assert agency.do("hana", "appraisal", "GET", f"/reviews/{new}/{period}")["percent"] == "25"
    assert agency.do("hana", "appraisal", "GET", "/unplaced-facts")["items"] == []
    agency.people["new"] = str(new)
    told = until(lambda: agency.do("new", "notification", "GET", "/notices")["items"])
    assert [notice["template"] for notice in told] == ["entry.returned"]
    town.settle()
    assert "open" not in agency.do("hana", "notification", "GET", "/statistics")["owed"]
    assert letters(town, office) == before
