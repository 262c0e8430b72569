"""The rule of confirmed levels."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from services.training.competency.decider import DECIDER, Confirm, LevelOutOfRange
from services.training.competency.events import Confirmed
from shared.eventstore.texts import Text
from shared.testing.spec import given

ANI, BUDI = UUID(int=1), UUID(int=2)
WHY = Text(UUID(int=3), "hash")
CONFIRM = Confirm(employee=ANI, competency="komunikasi", level=3, by=BUDI, on=date(2026, 4, 9), reason=WHY)
CONFIRMED = Confirmed(
    employee=ANI, competency="komunikasi", level=3, by=BUDI, on=date(2026, 4, 9), reason=WHY, enrolment=None
)


def test_a_level_is_confirmed_once() -> None:
    given(DECIDER).when(CONFIRM).then(CONFIRMED)
    given(DECIDER, CONFIRMED).when(CONFIRM).then()


def test_the_newest_confirmation_counts() -> None:
    higher = replace(CONFIRMED, level=4)
    assert given(DECIDER, CONFIRMED).when(replace(CONFIRM, level=4)).then(higher).newest == higher
    given(DECIDER, CONFIRMED, higher).when(CONFIRM).then(CONFIRMED)


@pytest.mark.parametrize("level", [1, 5])
def test_levels_one_to_five_are_accepted(level: int) -> None:
    given(DECIDER).when(replace(CONFIRM, level=level)).then(replace(CONFIRMED, level=level))


@pytest.mark.parametrize("level", [-1, 0, 6])
def test_other_levels_are_refused(level: int) -> None:
    given(DECIDER).when(replace(CONFIRM, level=level)).refused(LevelOutOfRange)
