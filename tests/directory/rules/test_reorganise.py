"""Who goes where under whom when units are merged, split and moved, worked out by hand for a small office."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.directory.rules.records import Assignment, Known, Unit
from services.directory.rules.reorganise import HeadDisplaced, HeadUnplaced, Step, reorganise

HEAD, CLERK, EXPERT = UUID(int=1), UUID(int=2), UUID(int=3)
TOP, LEFT, RIGHT, NEW, BELOW = (UUID(int=n) for n in range(10, 15))
CAMAT, ANI, BUDI, CICI, DODI, EKA = (UUID(int=n) for n in range(20, 26))
START, DAY = date(2026, 1, 1), date(2026, 7, 1)
EVE = DAY - timedelta(days=1)


def unit(id: UUID, parent: UUID | None = TOP) -> Unit:
    return Unit(id=id, code=str(id.int), name="x", parent=parent, head_position=HEAD)


def post(employee: UUID, unit: UUID, position: UUID, superior: UUID | None, kind: str = "definitif") -> Assignment:
    return Assignment(
        id=UUID(int=employee.int * 100 + unit.int),
        employee=employee,
        unit=unit,
        position=position,
        superior=superior,
        kind=kind,
        valid_from=START,
        valid_to=None,
        void=False,
        version=1,
    )


#: Ani heads the left with Cici, Budi the right with Dodi; below the left stands a unit that Eka heads.
OFFICE = (
    post(CAMAT, TOP, HEAD, None),
    post(ANI, LEFT, HEAD, CAMAT),
    post(CICI, LEFT, CLERK, ANI),
    post(BUDI, RIGHT, HEAD, CAMAT),
    post(DODI, RIGHT, CLERK, BUDI),
    post(EKA, BELOW, HEAD, ANI),
)
UNITS = [unit(TOP, None), unit(LEFT), unit(RIGHT), unit(NEW), unit(BELOW, LEFT)]


def known(*assignments: Assignment) -> Known:
    return Known(instansi="medan", units={u.id: u for u in UNITS}, assignments={a.id: a for a in assignments})


def step(units: set[UUID], into: UUID, **more: Any) -> Step:
    below = frozenset({*units, into, *({BELOW} if LEFT in units else ())})
    target = next(u for u in UNITS if u.id == into)
    said: dict[str, Any] = {"day": DAY, "units": frozenset(units), "into": target, "below": below, "posts": {}}
    return Step(**(said | more))


def after(before: Known, of: Step) -> Known:
    """What is known when the step was carried out."""
    changed = [record for change in reorganise(before, of) for record in change.records]
    return replace(before, assignments={**before.assignments, **{a.id: a for a in changed}})


def lines(of: Known, day: date) -> dict[UUID, tuple[UUID, UUID, UUID | None]]:
    """Unit, position and superior of everybody on a day."""
    held = [a for a in of.assignments.values() if not a.void and a.valid_from <= day <= a.last_day]
    assert len({a.employee for a in held}) == len(held), "nobody stands in two places"
    return {a.employee: (a.unit, a.position, a.superior) for a in held}


def test_a_merger_places_everybody_under_the_new_head_and_keeps_the_day_before() -> None:
    merger = step({LEFT, RIGHT}, NEW, head=ANI, posts={BUDI: EXPERT})
    merged = after(known(*OFFICE), merger)
    assert lines(merged, DAY) == {
        CAMAT: (TOP, HEAD, None),
        ANI: (NEW, HEAD, CAMAT),
        BUDI: (NEW, EXPERT, ANI),
        CICI: (NEW, CLERK, ANI),
        DODI: (NEW, CLERK, ANI),
        EKA: (BELOW, HEAD, ANI),
    }
    assert lines(merged, EVE) == {a.employee: (a.unit, a.position, a.superior) for a in OFFICE}
    assert reorganise(merged, merger) == [], "carried out again it changes nothing"


def test_a_merger_broken_off_after_any_placement_goes_on_to_the_same_end() -> None:
    merger = step({LEFT, RIGHT}, NEW, head=BUDI, superior=CAMAT, posts={ANI: EXPERT})
    whole = after(known(*OFFICE), merger)
    for cut in range(len(reorganise(known(*OFFICE), merger))):
        done = [record for change in reorganise(known(*OFFICE), merger)[:cut] for record in change.records]
        part = known(*OFFICE)
        part = replace(part, assignments={**part.assignments, **{a.id: a for a in done}})
        assert lines(after(part, merger), DAY) == lines(whole, DAY)
    assert lines(whole, DAY)[EKA] == (BELOW, HEAD, BUDI)


def test_a_deputy_who_becomes_head_reports_to_whom_the_head_reported() -> None:
    promoted = after(known(*OFFICE), step({LEFT}, LEFT, head=CICI, posts={ANI: EXPERT}))
    found = lines(promoted, DAY)
    assert (found[CICI], found[ANI], found[EKA]) == ((LEFT, HEAD, CAMAT), (LEFT, EXPERT, CICI), (BELOW, HEAD, CICI))


def test_one_unit_joins_another_whose_head_gives_way() -> None:
    with pytest.raises(HeadDisplaced):
        reorganise(known(*OFFICE), step({LEFT}, RIGHT, head=ANI))
    found = lines(after(known(*OFFICE), step({LEFT}, RIGHT, head=ANI, posts={BUDI: EXPERT})), DAY)
    assert (found[ANI], found[BUDI]) == ((RIGHT, HEAD, CAMAT), (RIGHT, EXPERT, ANI))
    assert (found[CICI], found[DODI]) == ((RIGHT, CLERK, ANI), (RIGHT, CLERK, ANI))


def test_a_split_moves_the_named_and_leaves_the_others_where_they_are() -> None:
    named = step({LEFT}, NEW, people=frozenset({CICI}), head=CICI, superior=CAMAT)
    found = lines(after(known(*OFFICE), named), DAY)
    assert (found[CICI], found[ANI], found[EKA]) == ((NEW, HEAD, CAMAT), (LEFT, HEAD, CAMAT), (BELOW, HEAD, ANI))


def test_a_moved_unit_reports_to_the_superior_named_and_its_people_to_their_own() -> None:
    found = lines(after(known(*OFFICE), step({LEFT}, LEFT, superior=BUDI)), DAY)
    assert (found[ANI], found[CICI], found[EKA]) == ((LEFT, HEAD, BUDI), (LEFT, CLERK, ANI), (BELOW, HEAD, ANI))


def test_an_acting_head_of_a_unit_that_ends_acts_no_longer() -> None:
    plt = post(CAMAT, RIGHT, HEAD, None, "plt")
    rest = [a for a in OFFICE if a.employee != BUDI]
    merged = after(known(*rest, plt), step({LEFT, RIGHT}, NEW, head=ANI))
    assert lines(merged, DAY)[CAMAT] == (TOP, HEAD, None)


def test_what_was_planned_for_later_days_follows_too() -> None:
    later = replace(post(DODI, RIGHT, CLERK, BUDI), valid_from=DAY + timedelta(days=30))
    merged = after(
        known(*[a for a in OFFICE if a.employee != DODI], later),
        step({LEFT, RIGHT}, NEW, head=ANI, posts={BUDI: EXPERT}),
    )
    assert DODI not in lines(merged, DAY)
    assert lines(merged, later.valid_from)[DODI] == (NEW, CLERK, ANI)


def test_a_head_who_does_not_go_there_is_refused() -> None:
    with pytest.raises(HeadUnplaced):
        reorganise(known(*OFFICE), step({RIGHT}, NEW, head=EKA, posts={BUDI: EXPERT}))
