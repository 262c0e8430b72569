"""Who may judge whose work: the cases an office meets in a year."""

from datetime import date
from uuid import UUID

from shared.people.authority import Assignment, Authority, authority

STAFF, HEAD, NEXT, ACTING, COLLEAGUE = (UUID(int=n) for n in range(1, 6))
UNIT, CHAIR, DESK = UUID(int=10), UUID(int=11), UUID(int=12)
MARCH, JUNE, JULY = date(2026, 3, 10), date(2026, 6, 10), date(2026, 7, 10)


def placed(
    employee: UUID,
    position: UUID,
    superior: UUID | None = None,
    kind: str = "definitif",
    start: date = date(2026, 1, 1),
    end: date | None = None,
    unit: UUID = UNIT,
) -> Assignment:
    return Assignment(
        id=UUID(int=employee.int * 1000 + start.toordinal()),
        employee=employee,
        unit=unit,
        position=position,
        superior=superior,
        kind=kind,
        valid_from=start,
        valid_to=end,
    )


OWN = placed(STAFF, DESK, HEAD)


def test_the_superior_of_the_date_judges() -> None:
    found = authority([OWN, placed(HEAD, CHAIR), placed(COLLEAGUE, DESK, HEAD)], STAFF, MARCH, JUNE)
    assert found == Authority(frozenset({HEAD}), False, HEAD)


def test_after_the_superior_left_the_successor_judges() -> None:
    gone = placed(HEAD, CHAIR, end=date(2026, 5, 31))
    successor = placed(NEXT, CHAIR, start=date(2026, 6, 1))
    assert authority([OWN, gone, successor], STAFF, MARCH, JUNE).verifiers == {NEXT}


def test_who_sits_in_the_chair_judges_later_days_too_while_the_line_still_names_who_left() -> None:
    gone = placed(HEAD, CHAIR, end=date(2026, 5, 31))
    plt = placed(ACTING, CHAIR, kind="plt", start=date(2026, 6, 1), end=date(2026, 6, 30))
    assert authority([OWN, gone, plt], STAFF, JUNE, JUNE) == Authority(frozenset({ACTING}), False, HEAD)
    assert authority([OWN, gone, plt], STAFF, JULY, JULY) == Authority(frozenset(), True, HEAD)


def test_a_plt_judges_while_the_chair_is_empty() -> None:
    gone = placed(HEAD, CHAIR, end=date(2026, 5, 31))
    plt = placed(ACTING, CHAIR, kind="plt", start=date(2026, 6, 1), end=date(2026, 6, 30))
    assert authority([OWN, gone, plt], STAFF, MARCH, JUNE).verifiers == {ACTING}
    assert authority([OWN, gone, plt], STAFF, MARCH, JULY).verifiers == frozenset()


def test_a_plh_judges_beside_the_superior_who_is_away() -> None:
    plh = placed(ACTING, CHAIR, kind="plh", start=date(2026, 6, 1))
    assert authority([OWN, placed(HEAD, CHAIR), plh], STAFF, MARCH, JUNE).verifiers == {HEAD, ACTING}


def test_hr_judges_only_where_nobody_else_can() -> None:
    gone = placed(HEAD, CHAIR, end=date(2026, 5, 31))
    assert authority([OWN, gone], STAFF, MARCH, JUNE).hr_may
    assert authority([], STAFF, MARCH, JUNE).hr_may
    assert not authority([OWN, placed(HEAD, CHAIR)], STAFF, MARCH, JUNE).hr_may


def test_nobody_judges_themself_even_when_acting_in_the_superiors_chair() -> None:
    gone = placed(HEAD, CHAIR, end=date(2026, 5, 31))
    acting = placed(STAFF, CHAIR, kind="plt", start=date(2026, 6, 1))
    found = authority([OWN, gone, acting], STAFF, MARCH, JUNE)
    assert (found.verifiers, found.hr_may) == (frozenset[UUID](), True)


def test_a_superior_who_moved_to_another_chair_no_longer_judges() -> None:
    moved = [placed(HEAD, CHAIR, end=date(2026, 5, 31)), placed(HEAD, DESK, start=date(2026, 6, 1))]
    assert authority([OWN, *moved], STAFF, MARCH, JUNE).hr_may


def test_a_superior_from_outside_without_a_chair_judges() -> None:
    assert authority([OWN], STAFF, MARCH, JUNE).verifiers == {HEAD}


def test_who_is_no_longer_active_judges_nothing_whatever_the_assignments_say() -> None:
    assert authority([OWN], STAFF, MARCH, JUNE, {HEAD}) == Authority(frozenset(), True, HEAD)
    plh = placed(ACTING, CHAIR, kind="plh", start=date(2026, 6, 1))
    seated = [OWN, placed(HEAD, CHAIR), plh]
    assert authority(seated, STAFF, MARCH, JUNE, {HEAD}).verifiers == {ACTING}
    assert authority(seated, STAFF, MARCH, JUNE, {HEAD, ACTING}).hr_may


def test_a_placement_holds_on_its_first_and_its_last_day_and_on_no_other() -> None:
    head = placed(HEAD, CHAIR, start=date(2026, 3, 10), end=date(2026, 6, 10))
    days = [date(2026, 3, 9), MARCH, JUNE, date(2026, 6, 11)]
    assert [head.holds(day) for day in days] == [False, True, True, False]


def test_the_definitive_post_says_who_the_superior_is_also_beside_a_newer_acting_one() -> None:
    acting = placed(STAFF, CHAIR, NEXT, kind="plt", start=date(2026, 2, 1))
    for own in ([OWN, acting], [acting, OWN]):
        assert authority(own, STAFF, MARCH, JUNE).superior == HEAD
    newer = placed(STAFF, DESK, NEXT, kind="plh", start=date(2026, 3, 1))
    assert authority([acting, newer], STAFF, MARCH, JUNE) == Authority(frozenset({NEXT}), False, NEXT)


def test_of_one_who_left_the_service_the_last_chair_counts_and_of_two_the_definitive() -> None:
    last = placed(HEAD, CHAIR, start=date(2026, 4, 1), end=date(2026, 5, 31))
    before = placed(HEAD, DESK, end=date(2026, 3, 31))
    beside = placed(HEAD, UNIT, kind="plt", start=date(2026, 4, 2), end=date(2026, 5, 31))
    seated = [placed(NEXT, CHAIR), placed(COLLEAGUE, DESK), placed(ACTING, UNIT)]
    for chairs in ([before, last, beside], [beside, last, before]):
        assert authority([OWN, *chairs, *seated], STAFF, JUNE, JUNE).verifiers == {NEXT}


def test_a_superior_who_leaves_on_the_first_day_of_the_last_chair_had_it() -> None:
    one_day = placed(HEAD, CHAIR, start=JUNE, end=JUNE)
    assert authority([OWN, one_day, placed(NEXT, CHAIR)], STAFF, JUNE, JULY).verifiers == {NEXT}


def test_a_superior_whose_placement_is_recorded_only_from_a_later_day_judges_while_here() -> None:
    later = placed(HEAD, CHAIR, start=date(2026, 6, 1), end=date(2026, 6, 30))
    assert authority([OWN, later], STAFF, MARCH, JUNE).verifiers == {HEAD}
    assert authority([OWN, later], STAFF, MARCH, JULY) == Authority(frozenset(), True, HEAD)


def test_two_with_the_same_position_in_one_unit_do_not_judge_each_others_people() -> None:
    assert authority([OWN, placed(HEAD, CHAIR), placed(NEXT, CHAIR)], STAFF, MARCH, JUNE).verifiers == {HEAD}


def test_after_a_reorganisation_the_new_superior_judges_what_the_old_unit_left_waiting() -> None:
    end, start, merged = date(2026, 5, 31), date(2026, 6, 1), UUID(int=20)
    before = [placed(STAFF, DESK, HEAD, end=end), placed(HEAD, CHAIR, end=end)]
    staff = placed(STAFF, DESK, NEXT, start=start, unit=merged)
    new = [staff, placed(NEXT, CHAIR, start=start, unit=merged), placed(HEAD, DESK, NEXT, start=start, unit=merged)]
    assert authority([*before, *new], STAFF, MARCH, JUNE) == Authority(frozenset({NEXT}), False, HEAD)
    stays = [placed(STAFF, DESK, HEAD, start=start, unit=merged), placed(HEAD, CHAIR, start=start, unit=merged)]
    assert authority([*before, *stays], STAFF, MARCH, JUNE).verifiers == {HEAD}
    plt = placed(ACTING, CHAIR, kind="plt", start=start, unit=merged)
    assert authority(
        [*before, staff, plt, placed(NEXT, CHAIR, start=start, end=start, unit=merged)], STAFF, MARCH, JUNE
    ) == (Authority(frozenset({ACTING}), False, HEAD))


def test_who_moved_on_is_still_judged_by_the_old_superior_who_kept_the_chair() -> None:
    moved = placed(STAFF, DESK, NEXT, start=date(2026, 6, 1), unit=UUID(int=20))
    old = [placed(STAFF, DESK, HEAD, end=date(2026, 5, 31)), placed(HEAD, CHAIR)]
    assert authority([*old, moved, placed(NEXT, CHAIR, unit=UUID(int=20))], STAFF, MARCH, JUNE).verifiers == {HEAD}


def test_who_acts_in_the_superiors_chair_themself_is_judged_by_hr_also_when_placed_anew() -> None:
    end, start = date(2026, 5, 31), date(2026, 6, 1)
    before = [placed(STAFF, DESK, HEAD, end=end), placed(HEAD, CHAIR, end=end)]
    anew = [placed(STAFF, DESK, NEXT, start=start), placed(STAFF, CHAIR, kind="plt", start=start), placed(NEXT, UNIT)]
    assert authority([*before, *anew], STAFF, MARCH, JUNE, gone={HEAD}) == Authority(frozenset(), True, HEAD)
