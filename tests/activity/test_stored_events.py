"""Every stored version ever released loads for ever: add lines, never change them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.activity.entry import events as entry
from services.activity.entry.slice import ENTRY
from services.activity.service_record import events as service_record
from services.activity.service_record.slice import SERVICE_RECORD
from services.activity.source import Source
from shared.eventstore.texts import Text

WHO, BOSS, WHAT = (UUID(f"01955091-1800-7000-8000-00000000000{n}") for n in (1, 2, 3))
NOON = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
STORED_TEXT = {"id": str(WHAT), "hash": "ab"}
STORED_SOURCE = {"system": "izin", "file_hash": "cd", "row": 7}
STORED_CONTENT = {
    "day": "2026-03-09",
    "indicator": str(WHAT),
    "quantity": "12.5",
    "minutes": 90,
    "activity": "posyandu",
    "description": STORED_TEXT,
    "done_at": "2026-03-10T05:00:00Z",
    "unit": None,
}
STORED_RECORD = {
    "product": "ktp-el",
    "officer": str(WHO),
    "unit": None,
    "started": "2026-03-10T05:00:00Z",
    "due": None,
    "completed": "2026-03-10T05:00:00Z",
}
TEXT, SOURCE = Text(WHAT, "ab"), Source(system="izin", file_hash="cd", row=7)
CONTENT = entry.Content(
    day=date(2026, 3, 9),
    indicator=WHAT,
    quantity=Decimal("12.5"),
    minutes=90,
    activity="posyandu",
    description=TEXT,
    done_at=NOON,
)
RECORD = service_record.Service(product="ktp-el", officer=WHO, unit=None, started=NOON, due=None, completed=NOON)
RECEIVED: dict[str, Any] = {"content": CONTENT, "period": "2026-03", "received_at": NOON}
STORED_RECEIVED = {"content": STORED_CONTENT, "period": "2026-03", "received_at": "2026-03-10T05:00:00Z"}
DECIDED: dict[str, Any] = {"by": BOSS, "as_hr": False, "text": TEXT}
STORED_DECIDED = {"by": str(BOSS), "as_hr": False, "text": STORED_TEXT}

RELEASED: list[tuple[str, int, dict[str, Any], object]] = [
    (
        "entry.logged",
        1,
        STORED_RECEIVED | {"employee": str(WHO), "late": True},
        entry.EntryLogged(employee=WHO, late=True, **RECEIVED),
    ),
    ("entry.amended", 1, STORED_RECEIVED | {"late": False}, entry.EntryAmended(late=False, **RECEIVED)),
    ("entry.withdrawn", 1, {}, entry.EntryWithdrawn()),
    ("entry.verified", 1, STORED_DECIDED | {"verdict": "below"}, entry.EntryVerified(verdict="below", **DECIDED)),
    ("entry.returned", 1, STORED_DECIDED, entry.EntryReturned(**DECIDED)),
    ("entry.verification-withdrawn", 1, STORED_DECIDED, entry.VerificationWithdrawn(**DECIDED)),
    ("entry.lapsed", 1, {"superior": str(BOSS)}, entry.EntryLapsed(superior=BOSS)),
    (
        "entry.imported",
        1,
        STORED_RECEIVED | {"employee": str(WHO), "source": STORED_SOURCE},
        entry.EntryImported(employee=WHO, source=SOURCE, **RECEIVED),
    ),
    (
        "service_record.recorded",
        1,
        {"service": STORED_RECORD, "period": "2026-03", "source": STORED_SOURCE},
        service_record.ServiceRecorded(service=RECORD, period="2026-03", source=SOURCE),
    ),
]


@pytest.mark.parametrize(("name", "schema", "stored", "event"), RELEASED, ids=lambda value: str(value)[:30])
def test_a_stored_event_loads(name: str, schema: int, stored: dict[str, Any], event: object) -> None:
    registry = ENTRY.events if name in ENTRY.events.events else SERVICE_RECORD.events
    assert registry.load(name, schema, stored) == event


def test_every_event_has_a_stored_sample_of_each_version() -> None:
    known = {
        (name, version)
        for slice_ in (ENTRY, SERVICE_RECORD)
        for name, (newest, _) in slice_.events.events.items()
        for version in range(1, newest + 1)
    }
    assert {(name, schema) for name, schema, _, _ in RELEASED} == known
