"""Periods, time zones and working days: days and months are judged in the instansi's own zone."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

_FIRST_YEAR, _LAST_YEAR = 1900, 2999
_INDONESIAN_ZONES = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
_WRITTEN = re.compile(r"([0-9]{4})-(Q?)([0-9]{1,2})")


class PeriodKind(StrEnum):
    """How long the instansi's appraisal period is."""

    MONTH = "month"
    QUARTER = "quarter"

    @property
    def months(self) -> int:
        """Length in months."""
        return 1 if self is PeriodKind.MONTH else 3


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month or quarter of a year; written "2026-03" or "2026-Q1". Periods of one kind sort by time."""

    kind: PeriodKind
    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse a month, quarter or year that does not exist, with ValueError."""
        if not _FIRST_YEAR <= self.year <= _LAST_YEAR:
            raise ValueError(f"The year of a period is {_FIRST_YEAR} to {_LAST_YEAR}, not {self.year}.")
        in_year = 12 // self.kind.months
        if not 1 <= self.number <= in_year:
            raise ValueError(f"A year has {self.kind}s 1 to {in_year}, not {self.number}.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2026-03" or "2026-Q1"; raises ValueError for anything else."""
        written = _WRITTEN.fullmatch(text)
        if written is None or len(text) != 7:
            raise ValueError(f'A period is written "2026-03" or "2026-Q1", not {text[:20]!r}.')
        year, quarter, number = written.groups()
        return cls(PeriodKind.QUARTER if quarter else PeriodKind.MONTH, int(year), int(number))

    @classmethod
    def of(cls, day: date, kind: PeriodKind) -> Self:
        """The period of this kind that contains the day."""
        return cls(kind, day.year, (day.month - 1) // kind.months + 1)

    def __str__(self) -> str:
        """Write it as `parse` reads it."""
        number = f"{self.number:02}" if self.kind is PeriodKind.MONTH else f"Q{self.number}"
        return f"{self.year}-{number}"

    @property
    def first_day(self) -> date:
        """First day, included."""
        return date(self.year, self._last_month - self.kind.months + 1, 1)

    @property
    def last_day(self) -> date:
        """Last day, included."""
        return date(self.year, self._last_month, monthrange(self.year, self._last_month)[1])

    @property
    def _last_month(self) -> int:
        return self.number * self.kind.months

    def next(self) -> Self:
        """The following period of the same kind."""
        return self._moved(1)

    def previous(self) -> Self:
        """The preceding period of the same kind."""
        return self._moved(-1)

    def _moved(self, by: int) -> Self:
        in_year = 12 // self.kind.months
        count = self.year * in_year + self.number - 1 + by
        return type(self)(self.kind, count // in_year, count % in_year + 1)

    def contains(self, day: date) -> bool:
        """Whether the day lies in the period."""
        return self.first_day <= day <= self.last_day


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """A time zone: WIB, WITA, WIT, UTC or an IANA name such as Europe/Amsterdam; ValueError for another."""
    iana = _INDONESIAN_ZONES.get(name, name)
    try:
        # Names without an area would also find files of the machine, such as "localtime".
        return ZoneInfo(iana if "/" in iana or iana == "UTC" else "")
    except (KeyError, ValueError, OSError) as unknown:
        message = f"No time zone {name[:40]!r}: use WIB, WITA, WIT, UTC or an IANA name like Asia/Jakarta."
        raise ValueError(message) from unknown


def local_date(at: datetime, zone: str) -> date:
    """The calendar day of a moment in a zone (see `zone_of`); ValueError when `at` has no offset."""
    if at.utcoffset() is None:
        raise ValueError(f"The time {at.isoformat()} has no offset: write it like 2026-03-01T08:00:00+07:00.")
    return at.astimezone(zone_of(zone)).date()


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Monday to Friday without the holidays: what legal deadlines run on."""

    holidays: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on the day."""
        return day.weekday() < 5 and day not in self.holidays

    def after(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself never counts; `day` when n is 0.

        ValueError: n is negative.
        """
        if n < 0:
            raise ValueError(f"Working days are counted forward: n must be 0 or more, not {n}.")
        while n > 0:
            day += timedelta(days=1)
            n -= 1 if self.is_working_day(day) else 0
        return day


def working_days_after(day: date, n: int, holidays: frozenset[date]) -> date:
    """The n-th working day after `day`; see `WorkingCalendar.after`."""
    return WorkingCalendar(holidays).after(day, n)
