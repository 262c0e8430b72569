"""Which course is proposed for a need."""

from datetime import date
from uuid import UUID

import pytest

from services.training.rules.choice import Offer, best_course, target_level

TODAY = date(2026, 3, 2)


def offer(number: int, jp: int, level: int, *starts: date) -> Offer:
    return Offer(UUID(int=number), f"C{number}", jp, {"komunikasi": level, "tim": 5}, starts)


def best(*offers: Offer, target: int = 3, without: tuple[int, ...] = ()) -> int | None:
    found = best_course(offers, "komunikasi", target, TODAY, [UUID(int=number) for number in without])
    return found.int if found else None


def test_the_smallest_course_that_raises_far_enough_is_best() -> None:
    assert best(offer(1, 40, 4), offer(2, 16, 3), offer(3, 8, 2)) == 2


def test_without_a_course_that_raises_far_enough_there_is_none() -> None:
    assert best(offer(1, 40, 2)) is None
    assert best() is None


def test_among_equally_small_courses_the_one_that_starts_soonest_is_best() -> None:
    april, may = date(2026, 4, 1), date(2026, 5, 1)
    assert best(offer(1, 16, 3, may), offer(2, 16, 3, april, may)) == 2
    assert best(offer(1, 16, 3, TODAY), offer(2, 16, 3, april)) == 1


def test_a_course_for_any_time_starts_today() -> None:
    assert best(offer(1, 16, 3, date(2026, 3, 3)), offer(2, 16, 3)) == 2


def test_a_course_whose_runs_are_over_comes_last() -> None:
    past = offer(1, 8, 3, date(2026, 3, 1))
    assert best(past, offer(2, 40, 3, date(2026, 9, 1))) == 2
    assert best(past) == 1


def test_equal_courses_are_told_apart_by_code() -> None:
    assert best(offer(2, 16, 3), offer(1, 16, 3)) == 1


def test_a_course_that_was_taken_in_vain_is_not_proposed_again() -> None:
    assert best(offer(1, 16, 3), offer(2, 40, 3), without=(1,)) == 2


@pytest.mark.parametrize(
    ("required", "level", "target"), [(3, 2, 3), (3, None, 3), (3, 4, 3), (None, 2, 3), (None, None, 1), (None, 5, 5)]
)
def test_the_target_is_the_required_level_or_one_more_than_the_present(
    required: int | None, level: int | None, target: int
) -> None:
    assert target_level(required, level) == target
