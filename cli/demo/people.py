"""The agencies of the demo and the fictitious people in them, from sample.yaml and a seed."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import yaml

_LEADER = "pimpinan"
_KINDS = ("PNS",) * 14 + ("PPPK",) * 4 + ("CPNS",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One indicator that a position brings: its target is for one month, `linked` is the competency it shows."""

    key: str
    result: str
    title: str
    unit: str
    target: Decimal
    activity: str
    phrases: tuple[str, ...]
    kind: str = "number"
    measure: str = "quantity"
    direction: str = "higher"
    aspect: str = "kuantitas"
    product: str | None = None
    linked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position with the competency levels of its standard."""

    code: str
    title: str
    kind: str
    level: str
    requires: Mapping[str, int]
    duties: tuple[Duty, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit; whoever holds `head` in it leads it."""

    code: str
    name: str
    parent: str | None
    head: str
    staff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A placement, both days included; `superior` is a person's key."""

    unit: str
    position: str
    superior: str
    first: date
    last: date | None = None
    kind: str = "definitif"

    def holds(self, day: date) -> bool:
        """Whether it is in force on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of an agency. `key` is unique in it; the leader is no civil servant and has no posts."""

    key: str
    name: str
    nip: str | None
    kind: str
    email: str
    posts: tuple[Post, ...] = ()

    def post(self, day: date) -> Post:
        """The definitive post on `day`, else the newest there was."""
        own = [post for post in self.posts if post.kind == "definitif"]
        return next((post for post in own if post.holds(day)), own[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """An instansi with everybody in it; `hr` is the key of the head of its personnel office."""

    code: str
    name: str
    zone: str
    training: str
    hr: str
    units: tuple[Unit, ...]
    positions: Mapping[str, Position]
    people: Mapping[str, Person] = field(repr=False)

    @property
    def staff(self) -> list[Person]:
        """The civil servants."""
        return [person for person in self.people.values() if person.posts]

    def position_of(self, person: str, day: date) -> Position:
        """What somebody is on `day`."""
        return self.positions[self.people[person].post(day).position]

    def judge(self, person: str, day: date, today: date) -> str:
        """The key of who may verify, `today`, what somebody did on `day`: the superior, or who acts in that seat now."""
        superior = self.people[person].post(day).superior
        if superior == _LEADER or any(post.holds(today) for post in self.people[superior].posts):
            return superior
        seat = self.people[superior].post(day)
        for other in self.people.values():
            for post in other.posts:
                if (post.unit, post.position) == (seat.unit, seat.position) and post.holds(today):
                    return other.key
        return superior


def agencies(employees: int, since: date, plt_from: date, seed: int) -> tuple[Agency, ...]:
    """All agencies with `employees` civil servants together; more when the stories alone need more.

    Posts begin at `since`. On `plt_from` the head of Mamuju's transport office has left and another acts in the seat.
    """
    sample = _sample()
    fixed = [_fixed(raw) for raw in sample["agencies"]]
    free = max(0, employees - sum(len(people) for people in fixed))
    shares = _shares([raw["share"] for raw in sample["agencies"]], free)
    made = [
        _agency(raw, people, share, since, seed)
        for raw, people, share in zip(sample["agencies"], fixed, shares, strict=True)
    ]
    return tuple(_with_plt(agency, plt_from) if "plt" in agency.people else agency for agency in made)


def codes() -> list[str]:
    """The codes of all agencies."""
    return [raw["code"] for raw in _sample()["agencies"]]


def courses() -> list[dict[str, Any]]:
    """The catalogue, the same for every agency."""
    return [dict(course) for course in _sample()["courses"]]


@cache
def _sample() -> Any:
    return yaml.safe_load(Path(__file__).with_name("sample.yaml").read_text())


@cache
def _positions() -> Mapping[str, Position]:
    sample = _sample()
    duties = {key: _duty(key, raw) for key, raw in sample["duties"].items()}
    return {
        code: Position(
            code=code,
            title=raw["title"],
            kind=raw["kind"],
            level=raw["level"],
            requires=dict.fromkeys(sample["competencies"], raw["needs"]) | raw.get("requires", {}),
            duties=tuple(duties[key] for key in raw["duties"]),
        )
        for code, raw in sample["positions"].items()
    }


def _duty(key: str, raw: Mapping[str, Any]) -> Duty:
    return Duty(key=key, **{**raw, "target": Decimal(raw["target"]), "phrases": tuple(raw["phrases"])})


def _shares(weights: list[int], free: int) -> list[int]:
    """`free` split by weight, largest remainder first."""
    exact = [free * weight / sum(weights) for weight in weights]
    whole = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for index in by_remainder[: free - sum(whole)]:
        whole[index] += 1
    return whole


def _fixed(raw: Mapping[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """Key, unit, position and name (None: made up) of everybody who is there at any size: heads and story people."""
    heads = [(f"kepala-{unit['code']}", unit["code"], unit["head"], None) for unit in raw["units"]]
    return heads + [(key, p["unit"], p["position"], p["name"]) for key, p in raw["people"].items()]


def _agency(
    raw: Mapping[str, Any], fixed: list[tuple[str, str, str, str | None]], crowd: int, since: date, seed: int
) -> Agency:
    units = tuple(
        Unit(code=u["code"], name=u["name"], parent=u.get("parent"), head=u["head"], staff=tuple(u.get("staff", ())))
        for u in raw["units"]
    )
    seats = _seats(units)
    everybody = [*fixed, *((f"{n:04d}", *next(seats), None) for n in range(1, crowd + 1))]
    email = f"{_LEADER}@{raw['code']}.example"
    people = {_LEADER: Person(key=_LEADER, name=raw["leader"]["name"], nip=None, kind="NON_ASN", email=email)}
    superiors = {unit.code: f"kepala-{unit.parent}" if unit.parent else _LEADER for unit in units}
    for number, (key, unit, position, name) in enumerate(everybody):
        rng = random.Random(f"{seed}:{raw['code']}:{key}")
        head = f"kepala-{unit}"
        post = Post(unit=unit, position=position, superior=superiors[unit] if key == head else head, first=since)
        people[key] = _person(raw, rng, number, key, name, post)
    return Agency(
        code=raw["code"],
        name=raw["name"],
        zone=raw["zone"],
        training=raw["training"],
        hr=next(f"kepala-{unit['code']}" for unit in raw["units"] if unit.get("hr")),
        units=units,
        positions=_positions(),
        people=people,
    )


def _seats(units: tuple[Unit, ...]) -> Iterator[tuple[str, str]]:
    """Seats for the crowd: unit after unit, and in each its positions in turn."""
    positions = {unit.code: cycle(unit.staff) for unit in units if unit.staff}
    for code in cycle(positions):
        yield code, next(positions[code])


def _person(raw: Mapping[str, Any], rng: random.Random, number: int, key: str, name: str | None, post: Post) -> Person:
    sample = _sample()
    made_up = f"{rng.choice(sample['first_names'])} {rng.choice(raw['families'])}{rng.choice(sample['degrees'])}"
    name = name or made_up
    born = date(1970, 1, 1) + timedelta(days=rng.randrange(27 * 365))
    joined = born.year + 24 + rng.randrange(4)
    # The digit for the sex is 9, which no real NIP has: nobody's number is used by accident.
    nip = f"{born:%Y%m%d}{joined}{rng.randrange(12) + 1:02}9{number % 999 + 1:03}"
    slug = re.sub(r"[^a-z]+", ".", name.split(",")[0].lower()).strip(".")
    email = f"{slug}.{number}@{raw['code']}.example"
    return Person(key=key, name=name, nip=nip, kind=rng.choice(_KINDS), email=email, posts=(post,))


def _with_plt(agency: Agency, day: date) -> Agency:
    """From `day` on the deputy acts for the head of the transport office, who retired the day before."""
    gone, acting = agency.people["kepala-dishub"], agency.people["plt"]
    seat, eve = gone.posts[0], day - timedelta(days=1)
    people = {**agency.people, gone.key: replace(gone, posts=(replace(seat, last=eve),))}
    for person in agency.staff:
        post = person.posts[0]
        if post.superior == gone.key:
            above = seat.superior if person is acting else acting.key
            people[person.key] = replace(
                person, posts=(replace(post, last=eve), replace(post, superior=above, first=day))
            )
    as_plt = replace(seat, first=day, kind="plt")
    people[acting.key] = replace(people[acting.key], posts=(*people[acting.key].posts, as_plt))
    return replace(agency, people=people)
