"""A small agency as the directory would tell it, and messages about its people, ready to deliver."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from shared.contracts import activity, appraisal, directory, training
from shared.contracts.base import Message
from shared.eventstore.decider import event_id
from shared.messaging.envelope import Received

_SPACE = UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def known(name: str) -> UUID:
    """The same id for the same name, in all tests."""
    return uuid5(_SPACE, name)


#: Siti and Budi report to Rina, Rina to Leo, who has no superior; Hadi is hr.
SITI, BUDI, RINA, LEO, HADI = (known(name) for name in ("siti", "budi", "rina", "leo", "hadi"))
NAMES = {SITI: "Siti Aminah", BUDI: "Budi Hartono", RINA: "Rina Lubis", LEO: "Leo Siregar", HADI: "Hadi Nasution"}
COUNTER, OFFICE = known("counter"), known("office")
OFFICER, HEAD, CHIEF = known("officer"), known("head"), known("chief")
SINCE = date(2020, 1, 1)
POLICY: Mapping[str, Any] = {
    "version": 1,
    "period_kind": "month",
    "late_after_working_days": 5,
    "verification_grace_working_days": 3,
    "gap_threshold_percent": Decimal(60),
    "score_above_percent": Decimal(110),
    "score_meets_percent": Decimal(90),
    "achievement_cap_percent": Decimal(120),
    "daily_summary_at": "07:00",
}


def received(
    data: Message,
    source: UUID,
    *,
    version: int = 1,
    instansi: str = "medan",
    origin: str = "person",
    at: datetime | None = None,
) -> Received[Any]:
    """`data` as a handler gets it; `at` is when it happened and was recorded."""
    at = at or datetime.now(UTC)
    return Received(
        event_id=event_id(instansi, source, version),
        instansi=instansi,
        source=source,
        epoch=1,
        version=version,
        occurred_at=at,
        recorded_at=at,
        origin=origin,
        correlation_id="test",
        data=data,
    )


def instansi(code: str = "medan", *, version: int = 1, zone: str = "Asia/Jakarta", **policy: Any) -> Received[Any]:
    """An agency; `policy` replaces single rules."""
    rules = directory.Policy(**{**POLICY, **policy})
    data = directory.InstansiChanged(zone=zone, first_day=SINCE, holidays=(), policy=rules)
    return received(data, known(f"instansi {code}"), version=version, instansi=code)


def employee(id: UUID, *, version: int = 1, active: bool = True) -> Received[Any]:
    """A person."""
    return received(directory.EmployeeChanged(employee=id, kind="PNS", active=active), id, version=version)


def assignment(
    who: UUID, unit: UUID, position: UUID, superior: UUID | None, *, version: int = 1, **more: Any
) -> Received[Any]:
    """Who sits where under whom; definitive, open and since 2020 unless told otherwise."""
    fields: dict[str, Any] = {"kind": "definitif", "valid_from": SINCE, "valid_to": None} | more
    id = known(f"assignment {who} {position} {fields['kind']}")
    data = directory.AssignmentChanged(
        assignment=id, employee=who, unit=unit, position=position, superior=superior, **fields
    )
    return received(data, id, version=version)


def office() -> list[Received[Any]]:
    """Everything the directory tells of the small agency."""
    return [
        instansi(),
        *(employee(id) for id in NAMES),
        assignment(SITI, COUNTER, OFFICER, RINA),
        assignment(BUDI, COUNTER, OFFICER, RINA),
        assignment(RINA, COUNTER, HEAD, LEO),
        assignment(LEO, OFFICE, CHIEF, None),
        assignment(HADI, OFFICE, OFFICER, LEO),
    ]


def entry(
    kind: type[activity.EntryFact], name: str, who: UUID = SITI, *, version: int = 1, day: date = SINCE, **more: Any
) -> Received[Any]:
    """A message about one work entry, whose status follows from its type."""
    status = {
        activity.EntryVerified: "verified",
        activity.EntryReturned: "returned",
        activity.EntryWithdrawn: "withdrawn",
        activity.EntryLapsed: "lapsed",
    }.get(kind, "waiting")
    about = {
        "entry": known(name),
        "employee": who,
        "day": day,
        "period": f"{day:%Y-%m}",
        "indicator": None,
        "quantity": Decimal(1),
        "minutes": None,
        "activity": None,
        "status": status,
        "verdict": None,
        "verified_by": None,
        "late": False,
        "unit": None,
    }
    data_fields = {name: more.pop(name) for name in list(more) if name in kind.model_fields}
    return received(kind(**(about | data_fields)), known(name), version=version, **more)


def score(
    recommendation: appraisal.Rating | None, *, band_changes: int, who: UUID = SITI, version: int = 1, **more: Any
) -> Received[Any]:
    """A score of March 2026."""
    review = known(f"review {who}")
    about: dict[str, Any] = {
        "review": review,
        "employee": who,
        "period": "2026-03",
        "state": "open",
        "provisional": True,
        "percent": Decimal("58.333333"),
        "measured": 3,
        "not_measured": 1,
        "rule": "score",
        "rule_version": "2",
        "imported": False,
    }
    data_fields = {name: more.pop(name) for name in list(more) if name in about}
    data = appraisal.ScoreChanged(**(about | data_fields), recommendation=recommendation, band_changes=band_changes)
    return received(data, known(f"score {review}"), version=version, **more)


def development_plan(
    kind: type[training.DevelopmentPlanFact] = training.DevelopmentPlanProposed,
    who: UUID = SITI,
    *,
    version: int = 1,
    **more: Any,
) -> Received[Any]:
    """A development plan of 2026 with one course."""
    id = known(f"development plan {who}")
    course = training.PlannedCourse(need=known("need"), competency="komunikasi", course=known("course"))
    status: Any = kind.TYPE.rsplit(".", 1)[1]
    data = kind(development_plan=id, employee=who, year=2026, status=status, courses=(course,))
    return received(data, id, version=version, **more)
