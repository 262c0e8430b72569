"""The log of a permit office: the real one where it is at hand, a small one of the same shape everywhere.

What is to come out is computed here from the rows alone, with nothing of the project.
"""

import csv
import gzip
import io
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "permit-office.csv.gz"

#: The targets in samples/permit-office.yaml.
ACTIVITIES, ON_TIME, DURATION = Decimal(20), Decimal(95), Decimal(7)

_ZONE = ZoneInfo("Europe/Amsterdam")
_HEADING = (
    *("case:concept:name", "case:startdate", "case:enddate", "case:deadline", "case:responsible"),
    *("concept:instance", "concept:name", "org:group", "org:resource", "time:timestamp"),
)


@dataclass
class Month:
    """What one officer did in one month."""

    activities: int = 0
    ended: int = 0
    on_time: int = 0
    taken: timedelta = timedelta()

    @property
    def share(self) -> Decimal | None:
        """Percent on time of what ended; every case of these logs has a deadline."""
        return Decimal(100) * self.on_time / self.ended if self.ended else None

    @property
    def mean(self) -> Decimal | None:
        """Mean duration in microseconds."""
        return Decimal(self.taken // timedelta(microseconds=1)) / self.ended if self.ended else None

    @property
    def days(self) -> Decimal | None:
        """Mean duration in days to two decimals."""
        return None if self.mean is None else rounded(self.mean / 86_400_000_000, "0.01")

    def realised(self) -> dict[str, Decimal | None]:
        """By measure: what the plan's indicators came to."""
        done = Decimal(self.activities) if self.activities else None
        return {"count": done, "on_time_share": self.share, "mean_duration": self.days}

    def achieved(self) -> dict[str, Decimal | None]:
        """By measure: percent of the plan. More is better but for the duration."""
        done, share, days = self.realised().values()
        return {
            "count": None if done is None else 100 * done / ACTIVITIES,
            "on_time_share": None if share is None else 100 * share / ON_TIME,
            "mean_duration": None if days is None else max(200 - 100 * days / DURATION, Decimal(0)),
        }


@dataclass
class Log:
    """What the rows say. `refused` are the first rows of cases that end before they start."""

    rows: list[dict[str, str]]
    months: dict[tuple[str, str], Month] = field(default_factory=lambda: defaultdict(Month))
    homes: dict[str, set[str]] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)
    cases: int = 0
    refused: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        cases: dict[str, tuple[int, dict[str, str]]] = {}
        for number, row in enumerate(self.rows, 2):
            self.people |= {row["org:resource"], row["case:responsible"]}
            self.months[row["org:resource"], _month(_time(row["time:timestamp"]))].activities += 1
            if row["org:group"] != "EMPTY":
                groups[row["org:resource"]][row["org:group"]] += 1
            cases.setdefault(row["case:concept:name"], (number, row))
        for person, seen in groups.items():
            self.homes[person] = {group for group, n in seen.items() if n == max(seen.values())}
        self.cases = len(cases)
        for number, case in cases.values():
            self._case(number, case)

    def _case(self, number: int, case: dict[str, str]) -> None:
        if not case["case:enddate"]:
            return
        start, end, due = (_time(case[f"case:{what}"]) for what in ("startdate", "enddate", "deadline"))
        if end < start:
            self.refused.append(number)
            return
        month = self.months[case["case:responsible"], _month(end)]
        month.ended += 1
        month.on_time += end <= due
        month.taken += end - start


def read(path: Path) -> Log:
    """The log in a file."""
    with gzip.open(path, "rt", newline="") as file:
        return Log(list(csv.DictReader(file)))


def rounded(value: Decimal, step: str) -> Decimal:
    """Half up."""
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _month(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%Y-%m}"


def write_small(path: Path, cases: int = 120) -> None:
    """A log of the same shape: ties, groups that are EMPTY, cases without end, late and just in time, month ends."""
    out = io.StringIO(newline="")
    log = csv.writer(out)
    log.writerow(_HEADING)
    start = datetime.fromisoformat("2010-11-20T08:00:00.250000+01:00")
    for case in range(cases):
        begun = start + timedelta(hours=17 * case % 9_000, minutes=case)
        ended = begun + timedelta(days=case % 11, seconds=37 * case, microseconds=case)
        due = ended if case % 5 == 0 else begun + timedelta(days=8)
        end = "" if case % 9 == 4 else (begun - timedelta(minutes=1) if case in (30, 70) else ended).isoformat(" ")
        told = (f"case-{case}", begun.isoformat(" "), end, due.isoformat(" "), f"Resource{case % 7 + 1:02}")
        for step in range(case % 4 + 1):
            done = begun + timedelta(hours=9 * step)
            group = "EMPTY" if (case + step) % 3 == 0 or (case + step) % 5 == 4 else f"Group {(case * step) % 4}"
            officer = f"Resource{(case + step) % 5 + 1:02}"
            log.writerow((*told, f"task-{case}-{step}", f"T{step:02} Do {step}", group, officer, done.isoformat(" ")))
    # Half an hour into February in Amsterdam, though not in UTC; and one who acts without any group.
    told = (
        "case-z",
        "2011-01-31 12:00:00+01:00",
        "2011-01-31 23:30:00+00:00",
        "2011-03-01 00:00:00+01:00",
        "Resource01",
    )
    log.writerow((*told, "task-z", "T00 Do 0", "EMPTY", "admin1", "2011-01-31 23:30:00+00:00"))
    path.write_bytes(gzip.compress(out.getvalue().encode()))
