"""An agency that services have heard of: written into their copies of the directory, as if it had told them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from services.activity.hears_appraisal.tables import HeardPlan
from shared.eventstore.database import Database
from shared.eventstore.decider import event_id
from shared.eventstore.rows import upsert
from shared.messaging.envelope import Received
from shared.people.tables import HeardAssignment, HeardEmployee, HeardInstansi, HeardPosition, HeardUnit

_SPACE = UUID("8a2f3c1e-5d04-5c36-9a57-0f6d1f9a4c11")
_SINCE = date(2020, 1, 1)
_HEARD = {"epoch": 1, "version": 1}
_POLICY = {
    "version": 1,
    "period_kind": "month",
    "late_after_working_days": 5,
    "verification_grace_working_days": 3,
    "gap_threshold_percent": "60",
    "score_above_percent": "110",
    "score_meets_percent": "90",
    "achievement_cap_percent": "120",
    "daily_summary_at": "07:00",
}


def today() -> date:
    """The day in the agency's zone."""
    return datetime.now(ZoneInfo("Asia/Jakarta")).date()


@dataclass(frozen=True, slots=True)
class Agency:
    """One unit with a superior for each team; `teams` has the members of each superior. Ids follow from the names."""

    instansi: str
    teams: Mapping[UUID, tuple[UUID, ...]]

    @property
    def staff(self) -> list[UUID]:
        """All members of all teams."""
        return [member for members in self.teams.values() for member in members]

    def id(self, name: str) -> UUID:
        """The same for the same name, in every service."""
        return _id(self.instansi, name)

    def indicator(self, employee: UUID) -> UUID:
        """The one indicator in the plan of `employee`."""
        return uuid5(employee, "indicator")


def _id(instansi: str, name: str) -> UUID:
    return uuid5(_SPACE, f"{instansi}:{name}")


def agency(instansi: str, teams: int = 4, members: int = 50) -> Agency:
    """An agency of so many teams with so many members each."""
    return Agency(
        instansi,
        {
            _id(instansi, f"superior {team}"): tuple(_id(instansi, f"member {team}.{n}") for n in range(members))
            for team in range(teams)
        },
    )


async def tell(url: str, agency: Agency) -> None:
    """Write the agency into a service's copy of the directory; `url` is that of its worker role."""
    unit, head, officer = agency.id("unit"), agency.id("head"), agency.id("officer")
    position = {"instansi": agency.instansi, "kind": "JA", "level": "8", "requires": {}} | _HEARD
    rows: dict[type[Any], list[dict[str, Any]]] = {
        HeardInstansi: [
            {"instansi": agency.instansi, "zone": "Asia/Jakarta", "first_day": _SINCE, "holidays": []}
            | {"policy": _POLICY, "suspended": False}
            | _HEARD
        ],
        HeardUnit: [
            {"instansi": agency.instansi, "id": unit, "code": "unit", "parent": None, "head_position": head} | _HEARD
        ],
        HeardPosition: [position | {"id": head, "code": "head"}, position | {"id": officer, "code": "officer"}],
        HeardEmployee: [
            {"instansi": agency.instansi, "id": person, "kind": "PNS", "active": True} | _HEARD
            for person in [*agency.teams, *agency.staff]
        ],
        HeardAssignment: [
            *(_assignment(agency, superior, unit, head, None) for superior in agency.teams),
            *(
                _assignment(agency, member, unit, officer, superior)
                for superior, members in agency.teams.items()
                for member in members
            ),
        ],
    }
    db = Database(url, size=1)
    async with db.transaction() as conn:
        for model, values in rows.items():
            await upsert(conn, model, values)
    await db.close()


def _assignment(agency: Agency, who: UUID, unit: UUID, position: UUID, superior: UUID | None) -> dict[str, Any]:
    place = {"instansi": agency.instansi, "id": uuid5(who, "assignment"), "employee": who, "unit": unit}
    dated = {"kind": "definitif", "valid_from": _SINCE, "valid_to": None, "void": False}
    return place | {"position": position, "superior": superior} | dated | _HEARD


async def tell_plans(url: str, agency: Agency) -> None:
    """Let the activity service know the indicator of everybody, as the appraisal service would."""
    rows = [
        {"instansi": agency.instansi, "id": uuid5(member, "plan"), "employee": member}
        | {"indicators": [agency.indicator(member)]}
        | _HEARD
        for member in agency.staff
    ]
    db = Database(url, size=1)
    async with db.transaction() as conn:
        await upsert(conn, HeardPlan, rows)
    await db.close()


def entry_body(agency: Agency, employee: UUID, n: int) -> dict[str, Any]:
    """What `employee` says to have done today, in words of an ordinary length."""
    return {
        "day": today().isoformat(),
        "indicator": str(agency.indicator(employee)),
        "quantity": str(n % 9 + 1),
        "minutes": 10 + n % 50,
        "description": f"Pemeriksaan berkas permohonan izin nomor {n:06d}, verifikasi kelengkapan, pembaruan register",
    }


def received(instansi: str, source: UUID, data: Any, version: int = 1) -> Received[Any]:
    """A message as a handler gets it, told just now."""
    now = datetime.now(UTC)
    return Received(
        event_id=event_id(instansi, source, version),
        instansi=instansi,
        source=source,
        epoch=1,
        version=version,
        occurred_at=now,
        recorded_at=now,
        origin="person",
        correlation_id="bench",
        data=data,
    )


def stamp() -> str:
    """A part of a name that no earlier run used."""
    return f"{datetime.now(UTC):%H%M%S%f}"
