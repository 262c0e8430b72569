"""What people of the demo did: entries, service records and survey answers, all from a seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID

from cli.demo.people import Agency, Duty, Person
from shared.calendar import Period, WorkingCalendar, zone_of
from shared.ids import derived_id

#: What the superior decides about an entry; `wait`: nothing yet.
Fate = Literal["meets", "below", "return", "wait"]

_ABSENT, _TWICE = 0.05, 0.09
_BELOW, _RETURNED = 0.010, 0.004
#: How a month of the crowd went, as a share of the target, and how often.
_PACES = ((0.45, 0.64, 0.03), (0.75, 0.89, 0.12), (0.92, 1.08, 0.65), (1.10, 1.25, 0.20))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something a person did on a day (local); `duty` None: other work. `done_at` is the time of an offline device."""

    id: UUID
    person: str
    day: date
    duty: str | None
    quantity: int
    minutes: int
    activity: str
    description: str
    done_at: datetime | None = None
    fate: Fate = "meets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A transaction of a counter."""

    id: UUID
    product: str
    officer: str
    unit: str
    started: datetime
    due: datetime
    completed: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one citizen answered about a unit."""

    id: UUID
    unit: str
    given_at: datetime
    scores: tuple[int, ...]


def holidays(first_year: int, last_year: int) -> list[date]:
    """The national holidays that have the same date every year."""
    fixed = ((1, 1), (5, 1), (6, 1), (8, 17), (12, 25))
    return [date(year, month, day) for year in range(first_year, last_year + 1) for month, day in fixed]


def working_days(first: date, last: date) -> list[date]:
    """Days on which offices work, both ends included."""
    calendar = WorkingCalendar(frozenset(holidays(first.year, last.year)))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if calendar.is_working_day(day)]


def at(agency: Agency, day: date, hour: int, minute: int = 0) -> datetime:
    """A moment on the clock of the agency."""
    return datetime.combine(day, time(hour, minute), zone_of(agency.zone))


def entry(
    agency: Agency,
    person: str,
    day: date,
    number: int,
    duty: Duty | None,
    quantity: int,
    *,
    minutes: int = 120,
    description: str = "",
    done_at: datetime | None = None,
    fate: Fate = "meets",
) -> Entry:
    """The n-th entry of a person on a day, with the same id for ever."""
    written = at(agency, day, 16)
    return Entry(
        id=derived_id(written, "demo", agency.code, person, day.isoformat(), str(number)),
        person=person,
        day=day,
        duty=duty.key if duty else None,
        quantity=quantity,
        minutes=minutes,
        activity=duty.activity if duty else "tugas-lain",
        description=description or (duty.phrases[0] if duty else "Tugas lain dari atasan"),
        done_at=done_at,
        fate=fate,
    )


def spread(
    agency: Agency, person: str, duty: Duty, total: int, days: Sequence[date], *, number: int = 1
) -> list[Entry]:
    """`total` units of a duty, one after the other over the days."""
    parts = _parts(total, len(days))
    return [
        entry(agency, person, day, number, duty, part, description=duty.phrases[n % len(duty.phrases)])
        for n, (day, part) in enumerate(zip(days, parts, strict=True))
        if part
    ]


def month_of_work(
    agency: Agency, person: Person, period: Period, days: Sequence[date], seed: int, *, steady: bool
) -> list[Entry]:
    """What somebody did on these days of a month: usually one entry a day, adding up to the month's pace.

    `steady` people reach their targets and are always confirmed. A month of which only a part is told is worked in that
    part: nobody should be far below target only because of where the demo begins and ends.
    """
    rng = random.Random(f"{seed}:{agency.code}:{person.key}:{period}")
    low, high, _ = rng.choices(_PACES, [chance for *_, chance in _PACES])[0]
    pace = 1.0 if steady else rng.uniform(low, high)
    slots = [day for day in days for _ in range(_entries_on(rng))]
    duties = _countable(agency, person.key, days[0])
    quantities = [_shuffled(rng, duty, pace, len(slots[n :: len(duties)])) for n, duty in enumerate(duties)]
    numbers: dict[date, int] = {}
    made = []
    for n, day in enumerate(slots):
        numbers[day] = numbers.get(day, 0) + 1
        quantity = quantities[n % len(duties)][n // len(duties)]
        duty = duties[n % len(duties)] if quantity else None
        written = entry(agency, person.key, day, numbers[day], duty, quantity or 1, minutes=30 * rng.randint(1, 8))
        phrase = rng.choice(duty.phrases) if duty else written.description
        made.append(replace(written, description=phrase, fate="meets" if steady else _fate(rng)))
    return made


def _fate(rng: random.Random) -> Fate:
    chance = rng.random()
    return "return" if chance < _RETURNED else "below" if chance < _RETURNED + _BELOW else "meets"


def _countable(agency: Agency, person: str, day: date) -> list[Duty | None]:
    """The duties that entries count for; other work where there is none."""
    own: list[Duty | None] = [d for d in agency.position_of(person, day).duties if d.measure == "quantity"]
    return own or [None]


def _entries_on(rng: random.Random) -> int:
    return rng.choices((0, 1, 2), (_ABSENT, 1 - _ABSENT - _TWICE, _TWICE))[0]


def _shuffled(rng: random.Random, duty: Duty | None, share: float, count: int) -> list[int]:
    parts = _parts(round(float(duty.target) * share), count) if duty else [1] * count
    rng.shuffle(parts)
    return parts


def _parts(total: int, count: int) -> list[int]:
    """`total` in `count` whole parts that differ by at most one, the larger ones first."""
    return [total // count + (1 if n < total % count else 0) for n in range(count)] if count else []
