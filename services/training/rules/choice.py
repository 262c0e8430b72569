"""Which course meets a need: the smallest that raises the competency far enough, then the one that starts soonest."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

HIGHEST_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """A course of the catalogue: the level it raises each competency to, JP, and when its runs start (none: any time)."""

    course: UUID
    code: str
    jp: int
    competencies: Mapping[str, int]
    starts: tuple[date, ...] = ()


def target_level(required: int | None, level: int | None) -> int:
    """The level a course must reach: the required one; without a standard one more than the present level."""
    return required if required is not None else min((level or 0) + 1, HIGHEST_LEVEL)


def best_course(
    offers: Collection[Offer], competency: str, target: int, today: date, without: Collection[UUID] = ()
) -> UUID | None:
    """The course to propose, or None when the catalogue has none; `without` are those that were taken in vain.

    A course with a run still to come, or that can be taken at any time, goes before one whose runs are all over.
    """
    fitting = [
        offer for offer in offers if offer.competencies.get(competency, 0) >= target and offer.course not in without
    ]
    return min(fitting, key=lambda offer: _preference(offer, today)).course if fitting else None


def next_start(starts: Collection[date], today: date) -> date | None:
    """The soonest start that is not over."""
    return min((start for start in starts if start >= today), default=None)


def _preference(offer: Offer, today: date) -> tuple[bool, int, date, str]:
    soonest = next_start(offer.starts, today)
    over = bool(offer.starts) and soonest is None
    return over, offer.jp, soonest or today, offer.code
