"""Pola distribusi: the predikat of a unit's people against the unit's own predikat, SE MenPANRB 3/2023.

A pattern is something the leader considers, so what departs from it is data that wants a reason, not an
error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from services.appraisal.rules.predicate import Predicate
from shared.errors import Refusal
from shared.rule import Rule

DISTRIBUTION = Rule("se-menpanrb-3-2023.pola-distribusi", "1", "SE MenPANRB 3/2023 (pola distribusi predikat)")

SB, B, BP, K, SK = Predicate


class InvalidCount(Refusal):
    """A number of people cannot be negative."""

    code = "invalid-count"
    status = 422


class OrganisationPredicate(StrEnum):
    """Capaian kinerja organisasi, as set by the leader of the organisation above."""

    ISTIMEWA = "istimewa"
    BAIK = "baik"
    BUTUH_PERBAIKAN = "butuh_perbaikan"
    KURANG = "kurang"
    SANGAT_KURANG = "sangat_kurang"

    @property
    def label(self) -> str:
        """Official Indonesian term."""
        return self.value.replace("_", " ").title()


class Bound(StrEnum):
    """How a limit binds. LARGEST: no other predikat has more people (a tie will do). PRESENT: at least one."""

    LARGEST = "largest"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Limit:
    """One sentence of the circular on the people who hold one of `predicates`; `percent` is for shares."""

    bound: Bound
    predicates: frozenset[Predicate]
    percent: int


@dataclass(frozen=True, slots=True)
class Deviation:
    """A limit that is not kept: so many people of all hold its predicates."""

    limit: Limit
    people: int
    of: int


@dataclass(frozen=True, slots=True)
class DistributionCheck:
    """What departs from the pattern, in the order of the circular; empty when nothing does."""

    deviations: tuple[Deviation, ...]
    rule_id: str
    rule_version: str
    source: str


def _limit(bound: Bound, percent: int, *predicates: Predicate) -> Limit:
    return Limit(bound, frozenset(predicates), percent)


_LIMITS = {
    OrganisationPredicate.ISTIMEWA: (_limit(Bound.LARGEST, 0, SB), _limit(Bound.AT_MOST, 70, SB)),
    OrganisationPredicate.BAIK: (
        _limit(Bound.LARGEST, 0, B),
        _limit(Bound.AT_MOST, 70, B),
        _limit(Bound.PRESENT, 0, BP, K),
    ),
    OrganisationPredicate.BUTUH_PERBAIKAN: (_limit(Bound.AT_LEAST, 60, BP), _limit(Bound.AT_MOST, 10, SB)),
    OrganisationPredicate.KURANG: (
        _limit(Bound.AT_LEAST, 60, K),
        _limit(Bound.AT_LEAST, 10, BP),
        _limit(Bound.AT_MOST, 10, SB),
    ),
    OrganisationPredicate.SANGAT_KURANG: (
        _limit(Bound.AT_LEAST, 60, SK),
        _limit(Bound.AT_LEAST, 10, K, BP),
        _limit(Bound.AT_MOST, 0, SB),
    ),
}


def check_distribution(organisation: OrganisationPredicate, people: Mapping[Predicate, int]) -> DistributionCheck:
    """Compare the number of people per predikat with the pattern; a unit without people departs from nothing.

    Shares are exact, without rounding. The circular has no exception for units of one to three people, who
    can hardly keep it: their deviations are reported like others. Raises InvalidCount for a negative
    number.
    """
    if any(count < 0 for count in people.values()):
        raise InvalidCount("Jumlah orang tidak boleh negatif. / A number of people cannot be negative.")
    total = sum(people.values())
    deviations = (
        Deviation(limit, _held(limit, people), total)
        for limit in _LIMITS[organisation]
        if total and not _kept(limit, people, total)
    )
    return DistributionCheck(tuple(deviations), DISTRIBUTION.id, DISTRIBUTION.version, DISTRIBUTION.source)


def _held(limit: Limit, people: Mapping[Predicate, int]) -> int:
    return sum(people.get(each, 0) for each in limit.predicates)


def _kept(limit: Limit, people: Mapping[Predicate, int], total: int) -> bool:
    held = _held(limit, people)
    match limit.bound:
        case Bound.AT_MOST:
            return 100 * held <= limit.percent * total
        case Bound.AT_LEAST:
            return 100 * held >= limit.percent * total
        case Bound.LARGEST:
            return held == max(people.values())
        case Bound.PRESENT:
            return held > 0
        case _:
            assert_never(limit.bound)
