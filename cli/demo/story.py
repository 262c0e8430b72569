"""What a demo consists of, its calendar, and the work of everybody who has no story of their own."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

from cli.demo.people import Agency, Person
from cli.demo.work import Answer, Entry, Record, month_of_work, working_days
from shared.calendar import Period, PeriodKind, zone_of
from shared.ids import derived_id

SEED = 2026
#: How far a superior takes a development plan.
Stage = Literal["leave", "approve", "complete", "confirm"]

_GAP_CHANCE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A competency level that an assessment found."""

    person: str
    competency: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What the superior sets for the last closed month."""

    person: str
    work_result: str
    behaviour: str
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Script:
    """All that happens in one agency, in this order; `named` are the people of its story."""

    agency: Agency
    named: frozenset[str]
    entries: Sequence[Entry]
    records: Sequence[Record] = ()
    answers: Sequence[Answer] = ()
    #: Reaches the system only after the rule of lateness holds.
    offline: Sequence[Entry] = ()
    late_after: int | None = None
    #: Returned entries and the quantity they are corrected to.
    corrected: Mapping[UUID, int]
    levels: Sequence[Level]
    ratings: Sequence[Rating] = ()
    #: Superiors rate everybody for the last month, not only those of the story.
    rates_all: bool = False
    learning: Mapping[str, Stage]
    #: Logged once the course has been completed.
    recovery: Sequence[Entry] = ()


@dataclass(frozen=True, kw_only=True)
class Demo:
    """The sample data that ends at `now`; days are those of Jakarta, which no other zone of the demo is behind."""

    now: datetime
    employees: int
    days: int
    seed: int = SEED

    @property
    def today(self) -> date:
        """The last day of the data."""
        return self.now.astimezone(zone_of("Asia/Jakarta")).date()

    @property
    def current(self) -> Period:
        """The month that runs."""
        return Period.of(self.today, PeriodKind.MONTH)

    @property
    def last(self) -> Period:
        """The last month that is over."""
        return self.current.previous()

    @property
    def first(self) -> date:
        """The first day of the crowd's work."""
        return self.today - timedelta(days=self.days - 1)

    @property
    def since(self) -> date:
        """The first day on which the agencies use the system."""
        return Period.of(min(self.first, self.last.first_day), PeriodKind.MONTH).first_day

    @property
    def months(self) -> list[Period]:
        """Every month from `since` to the current one."""
        found = [Period.of(self.since, PeriodKind.MONTH)]
        while found[-1] < self.current:
            found.append(found[-1].next())
        return found

    @property
    def plt_from(self) -> date:
        """When the transport office of Mamuju changes hands."""
        return self.last.first_day.replace(day=16)

    def workdays(self, period: Period) -> list[date]:
        """The working days of a month up to today; today itself when there is none yet."""
        return working_days(period.first_day, min(period.last_day, self.today)) or [self.today]


def indicator_id(agency: Agency, person: str, duty: str, year: int) -> UUID:
    """The one id of an indicator in somebody's plan of a year."""
    return derived_id(datetime(year, 1, 1, tzinfo=UTC), "demo", "indicator", agency.code, person, duty, str(year))


def common(demo: Demo, agency: Agency) -> Script:
    """The crowd: everybody works as usual, those of the stories in the last and current month as the story says."""
    named = frozenset(
        person.key for person in agency.staff if not person.key[0].isdigit() and "kepala" not in person.key
    )
    entries: list[Entry] = []
    for person in agency.staff:
        first = min(demo.first, demo.last.first_day) if person.key in named else demo.first
        for month in demo.months:
            days = working_days(max(first, month.first_day), min(month.last_day, demo.today))
            days = [day for day in days if any(post.holds(day) for post in person.posts)]
            if days:
                entries += month_of_work(agency, person, month, days, demo.seed, steady=person.key in named)
    recent = working_days(demo.today - timedelta(days=10), demo.today)[-2:]
    entries = [replace(e, fate="wait") if _slow(demo, agency, e, named, recent) else e for e in entries]
    return Script(
        agency=agency,
        named=named,
        entries=entries,
        corrected={},
        levels=[level for person in agency.staff for level in _levels(demo, agency, person, named)],
        learning={person.key: _stage(demo, agency, person) for person in agency.staff},
    )


def _slow(demo: Demo, agency: Agency, e: Entry, named: frozenset[str], recent: Sequence[date]) -> bool:
    """A third of the superiors have not come to the last two days yet."""
    judge = agency.judge(e.person, e.day, demo.today)
    return e.day in recent and e.person not in named and sum(map(ord, judge)) % 3 == 0


def _levels(demo: Demo, agency: Agency, person: Person, named: frozenset[str]) -> list[Level]:
    requires = agency.position_of(person.key, demo.today).requires
    rng = random.Random(f"{demo.seed}:level:{agency.code}:{person.key}")
    found = dict(requires)
    if person.key not in named and rng.random() < _GAP_CHANCE:
        lacking = rng.choice(sorted(found))
        found[lacking] -= 1
    return [Level(person=person.key, competency=name, level=level) for name, level in found.items() if level]


def _stage(demo: Demo, agency: Agency, person: Person) -> Stage:
    rng = random.Random(f"{demo.seed}:stage:{agency.code}:{person.key}")
    stages: tuple[Stage, ...] = ("leave", "approve", "approve", "complete", "confirm")
    return rng.choice(stages)
