"""Reporting lines: circles and overlaps are found on every day they exist, and on no other."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.directory.rules.assignments import misplaced
from services.directory.rules.records import Assignment

FIRST = date(2026, 1, 1)
PEOPLE = [UUID(int=n) for n in range(1, 5)]
_number = iter(range(100, 10_000_000))


def held(
    employee: int,
    superior: int | None,
    first: int = 0,
    last: int | None = None,
    kind: str = "definitif",
    void: bool = False,
) -> Assignment:
    """Employee `employee` under `superior` from day `first` to day `last` after 1 January 2026."""
    return Assignment(
        id=UUID(int=next(_number)),
        employee=PEOPLE[employee],
        unit=UUID(int=50),
        position=UUID(int=51),
        superior=None if superior is None else PEOPLE[superior],
        kind=kind,
        valid_from=FIRST + timedelta(first),
        valid_to=None if last is None else FIRST + timedelta(last),
        void=void,
    )


def codes(known: list[Assignment], *wanted: Assignment) -> dict[int, str]:
    refused = misplaced({a.id: a for a in known}, dict(enumerate(wanted)))
    return {index: refusal.code for index, refusal in refused.items()}


def test_a_chain_upwards_stands() -> None:
    assert codes([held(1, 2)], held(0, 1), held(2, None)) == {}


def test_nobody_is_their_own_superior() -> None:
    assert codes([], held(0, 0)) == {0: "superior-self"}


def test_two_who_judge_one_another_are_both_refused_in_either_order() -> None:
    assert codes([], held(0, 1), held(1, 0)) == {0: "superior-circular", 1: "superior-circular"}


def test_a_circle_closed_by_a_known_line_refuses_the_new_one_only() -> None:
    assert codes([held(1, 2), held(2, 0)], held(0, 1), held(3, 0)) == {0: "superior-circular"}


def test_the_same_lines_on_other_days_are_no_circle() -> None:
    assert codes([held(0, 1, 0, 9)], held(1, 0, 10)) == {}
    assert codes([held(0, 1, 0, 10)], held(1, 0, 10)) == {0: "superior-circular"}


def test_an_acting_post_closes_a_circle_too() -> None:
    assert codes([held(0, 1)], held(1, 0, kind="plt")) == {0: "superior-circular"}


def test_what_was_recorded_by_mistake_closes_no_circle() -> None:
    assert codes([held(0, 1, void=True)], held(1, 0)) == {}


def test_two_definitive_posts_on_one_day_are_refused_the_later_one() -> None:
    assert codes([], held(0, 1, 0, 10), held(0, 1, 10)) == {1: "definitive-posts-overlap"}
    assert codes([held(0, 1, 0, 10)], held(0, 2, 10)) == {0: "definitive-posts-overlap"}
    assert codes([held(0, 1, 0, 9)], held(0, 2, 10)) == {}


def test_an_acting_post_may_stand_beside_a_definitive_one() -> None:
    assert codes([held(0, 1)], held(0, 1, 5, 9, kind="plt"), held(0, 1, 7, 8, kind="plh")) == {}


def test_a_post_may_not_end_before_it_begins() -> None:
    assert codes([], held(0, 1, 5, 4)) == {0: "ends-before-it-begins"}


_assignments = st.builds(
    lambda employee, superior, first, length, void: held(employee, superior, first, first + length, "plt", void),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 5),
    st.integers(0, 5),
    st.booleans(),
)


def _reaches_itself(everything: list[Assignment], a: Assignment) -> bool:
    """Day by day, the plain way: follow every superior of the day until nobody new comes."""
    for number in range(12):
        day = FIRST + timedelta(number)
        lines = [x for x in everything if not x.void and x.valid_from <= day <= x.last_day]
        if a.void or a not in lines:
            continue
        above = {a.superior}
        while more := {x.superior for x in lines if x.employee in above} - above:
            above |= more
        if a.employee in above:
            return True
    return False


@given(st.lists(_assignments, max_size=7))
def test_circles_are_found_exactly_on_the_days_they_exist(assignments: list[Assignment]) -> None:
    found = {index for index, code in codes([], *assignments).items() if code in {"superior-circular", "superior-self"}}
    assert found == {index for index, a in enumerate(assignments) if _reaches_itself(assignments, a)}
