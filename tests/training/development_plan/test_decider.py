"""Rules of a development plan, told as given, when and then."""

from uuid import UUID

from services.training.development_plan.decider import (
    DECIDER,
    Approve,
    Choose,
    NeedNotWaiting,
    NoCourseYet,
    NotProposed,
    Return,
    Sync,
    Wanted,
)
from services.training.development_plan.events import Approved, Item, NeedsEnded, Proposed, Returned
from shared.eventstore.texts import Text
from shared.testing.spec import given

ANI, BUDI = UUID(int=1), UUID(int=2)
TALK, TEAM = UUID(int=11), UUID(int=12)  # needs
COURSE, LARGER, OTHER = UUID(int=21), UUID(int=22), UUID(int=23)
WHY = Text(UUID(int=31), "hash")


def wanted(need: UUID = TALK, best: UUID | None = COURSE, competency: str = "komunikasi") -> Wanted:
    return Wanted(need, competency, best, frozenset({COURSE, LARGER}))


def sync(*wants: Wanted, released: frozenset[tuple[UUID, UUID]] = frozenset()) -> Sync:
    return Sync(ANI, 2026, wants, released)


def item(
    need: UUID = TALK,
    course: UUID | None = COURSE,
    *,
    attempt: int = 1,
    chosen: bool = False,
    competency: str = "komunikasi",
) -> Item:
    return Item(need=need, competency=competency, course=course, attempt=attempt, chosen=chosen)


def proposed(*items: Item) -> Proposed:
    return Proposed(employee=ANI, year=2026, items=items)


APPROVED = Approved(needs=(TALK,), by=BUDI, reason=None)


def test_open_needs_are_proposed_with_their_best_courses() -> None:
    state = given(DECIDER).when(sync(wanted(TEAM, None), wanted())).then(proposed(item(), item(TEAM, None)))
    assert state.status == "proposed"


def test_without_needs_there_is_no_plan() -> None:
    given(DECIDER).when(sync()).then()


def test_the_same_needs_and_courses_change_nothing() -> None:
    given(DECIDER, proposed(item())).when(sync(wanted())).then()
    given(DECIDER, proposed(item()), APPROVED).when(sync(wanted())).then()


def test_a_course_that_arrives_for_a_need_without_one_is_proposed() -> None:
    given(DECIDER, proposed(item(course=None))).when(sync(wanted())).then(proposed(item()))


def test_a_waiting_item_disappears_with_its_need() -> None:
    ended = NeedsEnded(needs=(TALK,))
    state = given(DECIDER, proposed(item(), item(TEAM))).when(sync(wanted(TEAM))).then(ended)
    assert (state.waiting, state.status) == ((item(TEAM),), "proposed")
    state = given(DECIDER, proposed(item())).when(sync()).then(ended)
    assert (state.waiting, state.status) == ((), "completed")


def test_an_approved_plan_is_completed_when_all_its_needs_ended() -> None:
    before = proposed(item(), item(TEAM)), Approved(needs=(TALK, TEAM), by=BUDI, reason=None)
    first = NeedsEnded(needs=(TALK,))
    state = given(DECIDER, *before).when(sync(wanted(TEAM))).then(first)
    assert (state.status, state.running) == ("approved", {TEAM: item(TEAM)})
    state = given(DECIDER, *before, first).when(sync()).then(NeedsEnded(needs=(TEAM,)))
    assert (state.status, state.running) == ("completed", {})
    given(DECIDER, *before, first, NeedsEnded(needs=(TEAM,))).when(sync()).then()


def test_a_new_need_is_proposed_beside_what_is_approved() -> None:
    state = given(DECIDER, proposed(item()), APPROVED).when(sync(wanted(), wanted(TEAM))).then(proposed(item(TEAM)))
    assert (state.status, state.running) == ("proposed", {TALK: item()})


def test_another_best_course_does_not_touch_what_is_approved() -> None:
    given(DECIDER, proposed(item()), APPROVED).when(sync(wanted(best=LARGER))).then()


def test_approval_takes_the_items_that_have_a_course() -> None:
    before = proposed(item(), item(TEAM, None))
    state = given(DECIDER, before).when(Approve(BUDI)).then(APPROVED)
    assert (state.status, state.waiting) == ("approved", (item(TEAM, None),))
    given(DECIDER, before, APPROVED).when(Approve(BUDI)).then()
    given(DECIDER, before, APPROVED).when(sync(wanted(), wanted(TEAM))).then(proposed(item(TEAM)))


def test_without_any_course_there_is_nothing_to_approve() -> None:
    given(DECIDER, proposed(item(course=None))).when(Approve(BUDI)).refused(NoCourseYet)


def test_a_returned_plan_waits_for_other_courses() -> None:
    returned = Returned(by=BUDI, reason=WHY)
    given(DECIDER, proposed(item())).when(Return(BUDI, WHY)).then(returned)
    before = proposed(item()), returned
    given(DECIDER, *before).when(Return(BUDI, WHY)).then()
    given(DECIDER, *before).when(Return(BUDI, Text(UUID(int=32), "other"))).refused(NotProposed)
    given(DECIDER, *before).when(Approve(BUDI)).refused(NotProposed)
    given(DECIDER, *before).when(sync(wanted())).then()
    given(DECIDER, *before).when(sync(wanted(best=LARGER))).then(proposed(item(course=LARGER)))
    given(DECIDER, *before).when(Choose({TALK: COURSE})).then(proposed(item(chosen=True)))


def test_only_a_waiting_plan_can_be_returned() -> None:
    given(DECIDER, proposed(item()), APPROVED).when(Return(BUDI, WHY)).refused(NotProposed)


def test_a_chosen_course_stays_while_it_is_on_offer() -> None:
    chosen = proposed(item(course=LARGER, chosen=True))
    given(DECIDER, proposed(item())).when(Choose({TALK: LARGER})).then(chosen)
    given(DECIDER, proposed(item()), chosen).when(Choose({TALK: LARGER})).then()
    given(DECIDER, proposed(item()), chosen).when(sync(wanted())).then()
    gone = Wanted(TALK, "komunikasi", COURSE, frozenset({COURSE}))
    given(DECIDER, proposed(item()), chosen).when(sync(gone)).then(proposed(item()))


def test_a_course_can_be_chosen_only_for_a_waiting_need() -> None:
    given(DECIDER, proposed(item())).when(Choose({TEAM: COURSE})).refused(NeedNotWaiting)
    given(DECIDER, proposed(item()), APPROVED).when(Choose({TALK: LARGER})).refused(NeedNotWaiting)


def test_a_released_need_is_proposed_again_as_another_attempt() -> None:
    released = frozenset({(TALK, COURSE)})
    second = proposed(item(course=LARGER, attempt=2))
    before = proposed(item()), APPROVED
    state = given(DECIDER, *before).when(sync(wanted(best=LARGER), released=released)).then(second)
    assert state.running == {}
    given(DECIDER, *before, second).when(sync(wanted(best=LARGER))).then()
    state = given(DECIDER, *before, second).when(Approve(BUDI)).then(APPROVED)
    assert state.running == {TALK: item(course=LARGER, attempt=2)}


def test_releasing_a_course_that_runs_no_longer_changes_nothing() -> None:
    released = frozenset({(TALK, OTHER)})
    given(DECIDER, proposed(item()), APPROVED).when(sync(wanted(), released=released)).then()


def test_a_released_need_that_ended_meanwhile_is_not_proposed() -> None:
    released = frozenset({(TALK, COURSE)})
    given(DECIDER, proposed(item()), APPROVED).when(sync(released=released)).then(NeedsEnded(needs=(TALK,)))


def test_a_need_that_is_open_again_after_a_restore_is_proposed_again() -> None:
    before = proposed(item()), APPROVED, NeedsEnded(needs=(TALK,))
    state = given(DECIDER, *before).when(sync(wanted())).then(proposed(item(attempt=2)))
    assert state.status == "proposed"
